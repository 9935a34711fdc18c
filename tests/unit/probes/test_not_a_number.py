"""Weights that are no numbers, as those of a run about to diverge: recorded, and never fatal."""

from __future__ import annotations

import pytest
import torch

from bnbench.probes import PROBES, View, columns
from tests.unit.probes.conftest import MakeView, look

QUICK: dict[str, dict[str, object]] = {
    "surface": {"points": 5}, "trajectory": {"points": 5}, "sharpness": {"iterations": 1},
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("kind", PROBES)
def test_a_look_at_weights_that_are_no_numbers(
    make_view: MakeView, kind: str, value: float
) -> None:
    view = make_view("MLP_BatchNorm", widths=(8, 4))
    first = look(view, kind, **QUICK.get(kind, {}))
    with torch.no_grad():
        for parameter in view.model.parameters():
            parameter.fill_(value)
    again = View(view.model, view.images, view.labels, view.loss, first.keep)
    second = look(again, kind, **QUICK.get(kind, {}))
    shapes = [{name: seen.shape for name, seen in columns(one.numbers).items()}
              for one in (first, second)]  # fmt: skip
    assert shapes[0] == shapes[1]
