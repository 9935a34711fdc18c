"""The turning of filters by known angles."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from bnbench.probes import View
from tests.unit.probes.conftest import MakeView, look


def turned(view: View, layer: str, degrees: float, length: float) -> None:
    """Turn each filter of an MLP's layer in its first two coordinates' plane, and lengthen it."""
    weight = view.model.get_parameter(f"{layer}.affine.weight")
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    with torch.no_grad():
        first, second = weight[:, 0].clone().double(), weight[:, 1].clone().double()
        weight[:, 2:] = 0
        weight[:, 0], weight[:, 1] = cos * first - sin * second, sin * first + cos * second
        weight.mul_(length)


@pytest.mark.parametrize("degrees", [0.0, 0.001, 30.0, 180.0])
def test_filters_turn_by_the_angle_whatever_their_length(
    make_view: MakeView, degrees: float
) -> None:
    view = make_view()
    turned(view, "fc1", 0, 1)  # leaves two coordinates
    first = look(view, "rotation")
    turned(view, "fc1", degrees, 3)
    kept: dict[str, Tensor] = first.keep
    again = View(view.model, view.images, view.labels, view.loss, kept)
    second = look(again, "rotation", rate=0.5)
    assert all(np.isnan(np.asarray(first.numbers[f"{name}.rotation"])) for name in ("fc1", "fc2"))
    assert second.numbers["fc1.rotation"] == pytest.approx(degrees, rel=1e-3, abs=1e-4)
    assert second.numbers["fc2.rotation"] == 0
    norm = np.linalg.norm(view.model.get_parameter("fc1.affine.weight").detach().numpy())
    assert second.numbers["fc1.weight_norm"] == pytest.approx(norm, rel=1e-5)
    assert second.numbers["fc1.effective_rate"] == pytest.approx(0.5 / norm**2, rel=1e-5)
    assert {name.partition(".")[0] for name in second.numbers} == {"fc1", "fc2", "output"}
