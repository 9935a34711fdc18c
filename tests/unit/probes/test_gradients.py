"""Gradients: the closed form of a linear layer under the cross-entropy, by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from tests.unit.probes.conftest import MakeView, look


def test_the_output_layers_gradient_is_its_closed_form(make_view: MakeView) -> None:
    """dL/dW = (p - y)' a / N, and the derivatives by the logits are (p - y) / N."""
    view = make_view()
    inputs: list[torch.Tensor] = []
    output = view.model.get_submodule("output")
    output.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    logits = view.model(view.images).detach().double().numpy()
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error = (p - np.eye(10)[view.labels]) / len(p)
    expected = error.T @ inputs[0].detach().double().numpy()
    numbers: dict[str, Any] = dict(look(view, "gradients").numbers)
    norm = np.linalg.norm(expected)
    assert numbers["output.gradient_norm"] == pytest.approx(norm, rel=1e-4)
    agreement = (abs(error.sum(axis=0)) / abs(error).sum(axis=0)).mean()
    assert numbers["output.gradient_agreement"] == pytest.approx(agreement, rel=1e-4)
    bias = abs(error.sum(axis=0)).max()
    assert numbers["output.bias_gradient"] == pytest.approx(bias, rel=1e-3)
    moment = stats.moment(expected, 4, axis=None, center=0)
    kurtosis = moment / stats.moment(expected, 2, axis=None, center=0) ** 2
    assert numbers["output.gradient_kurtosis"] == pytest.approx(kurtosis, rel=1e-3)
    assert numbers["output.histogram"].sum() == expected.size


def test_a_hidden_gradient_is_a_quotient_of_differences(make_view: MakeView) -> None:
    """Along its own direction, g / norm(g), the loss rises by norm(g)."""
    view = make_view("LeNet5")
    view.model.double()
    images = view.images.double()
    weight = view.model.get_parameter("C1.affine.weight")
    (gradient,) = torch.autograd.grad(view.loss(view.model(images), view.labels), [weight])
    direction, losses = gradient / gradient.norm(), []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            weight.add_(direction, alpha=step)
            losses.append(float(view.loss(view.model(images), view.labels)))
            weight.sub_(direction, alpha=step)
    slope = (losses[0] - losses[1]) / 2e-5
    numbers: dict[str, Any] = dict(look(make_view("LeNet5"), "gradients").numbers)
    assert numbers["C1.gradient_norm"] == pytest.approx(slope, rel=1e-3)
    ratio = numbers["C1.gradient_norm"] / numbers["F6.gradient_norm"]
    assert numbers["gradient_ratio"] == pytest.approx(ratio, rel=1e-5)


def test_a_bias_in_front_of_batch_norm_has_no_gradient(make_view: MakeView) -> None:
    before = look(make_view("LeNet5_BatchNorm"), "gradients").numbers
    placement = {"placement": "after_activation"}
    after = look(make_view("LeNet5_BatchNorm", batch_norm=placement), "gradients").numbers
    without = {"preceding_bias": False}
    none = look(make_view("LeNet5_BatchNorm", batch_norm=without), "gradients").numbers
    assert np.asarray(before["C1.bias_gradient"]) < 1e-6
    assert np.asarray(after["C1.bias_gradient"]) > 1e-4
    assert np.isnan(np.asarray(none["C1.bias_gradient"]))


def test_every_layer_of_a_deeper_perceptron_is_seen(make_view: MakeView) -> None:
    """Also those that the class, by its default widths, does not have."""
    view = make_view("MLP", widths=(8, 8, 8))
    numbers = look(view, "gradients").numbers
    assert [f"fc{place}.gradient_norm" in numbers for place in (1, 2, 3)] == [True] * 3
    first, last = (np.asarray(numbers[f"fc{place}.gradient_norm"]) for place in (1, 3))
    assert numbers["gradient_ratio"] == pytest.approx(first / last)
