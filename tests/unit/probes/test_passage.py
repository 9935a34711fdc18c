"""A pass that probes share: what it is not changed by, what it leaves, and when it is gone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from bnbench.direct import DirectSteps
from bnbench.probes import View
from bnbench.probes.autograd_passage import AutogradPassage
from bnbench.probes.direct_passage import DirectPassage, DirectPasses
from bnbench.probes.passage import direct_passes, passage_of
from bnbench.probes.sample import sample
from tests.unit.probes.conftest import MakeView, look


def test_a_pass_stays_what_it_is_when_the_network_moves(make_view: MakeView) -> None:
    """The gradients are asked for after another probe has set all weights to 0."""
    view, other = make_view("LeNet5_BatchNorm"), make_view("LeNet5_BatchNorm")
    look(view, "activations")
    with torch.no_grad():
        for tensor in (*view.model.parameters(), *view.model.buffers()):
            tensor.zero_()
    after = look(view, "gradients").numbers
    for name, value in look(other, "gradients").numbers.items():
        np.testing.assert_array_equal(np.asarray(after[name]), np.asarray(value))


def by_kernels(view: View) -> DirectPasses | None:
    steps = partial(DirectSteps, softmax_before_loss=False)
    return direct_passes(view.model, view.images, view.labels, steps)


def with_kernels(view: View) -> View:
    passes = by_kernels(view)
    return replace(view, direct_pass=passes or (lambda _: None), shared={})


@pytest.mark.parametrize("shown", [with_kernels, lambda view: view])
def test_a_pass_changes_nothing_in_the_network(
    make_view: MakeView, shown: Callable[[View], View]
) -> None:
    view = shown(make_view("LeNet5_BatchNorm"))
    before = {name: tensor.clone() for name, tensor in view.model.state_dict().items()}
    _ = passage_of(view).gradients
    assert all(torch.equal(before[name], now) for name, now in view.model.state_dict().items())
    assert not any(part._forward_hooks for part in view.model.modules())


def test_probes_of_one_step_share_a_pass(make_view: MakeView) -> None:
    view = make_view()
    again: View = replace(view, kept={})
    assert passage_of(again) is passage_of(view)
    assert passage_of(replace(view, shared={})) is not passage_of(view)


def test_a_pass_is_gone_with_its_last_reader(make_view: MakeView) -> None:
    """And not when Python next looks for cycles: it has a hundred megabytes."""
    view = make_view("LeNet5_BatchNorm")
    gc.disable()
    try:
        passage = AutogradPassage(view)
        _ = passage.gradients
        inside = weakref.ref(passage._calls["C1", "activation"][1])
        assert inside() is not None
        del passage
        assert inside() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("LeNet5", {}),
        ("LeNet5", {"activation": "relu"}),
        ("LeNet5_BatchNorm", {"batch_norm": {"layers": ["C1", "C3", "F5", "F6"]}}),
        ("LeNet5_BatchNorm", {"batch_norm": {"placement": "before_activation"}}),
        ("LeNet5_BatchNorm", {"batch_norm": {"preceding_bias": False}}),
        ("CNN_BatchNorm", {"activation": "sigmoid"}),
    ],
)
def test_the_kernels_of_the_training_pass_as_autograd_does(
    make_view: MakeView, name: str, settings: dict[str, Any]
) -> None:
    """All that either leaves is the same, up to the order of the pixels in a sample."""
    view, noise = make_view(name, **settings), torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in view.model.parameters():  # gammas and betas are 1 and 0 at first
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=noise))
    direct = passage_of(with_kernels(view))
    expected = passage_of(view)
    assert isinstance(direct, DirectPassage)
    assert isinstance(expected, AutogradPassage)
    close = partial(torch.testing.assert_close, rtol=1e-3, atol=1e-5)
    for layer in view.model.hidden_layers:
        close(direct.pre_activation(layer), expected.pre_activation(layer))
        close(direct.after(layer), expected.after(layer))
        close(direct.activated(layer).sum(), expected.activated(layer).sum(), atol=1e-2)
    for layer, gradient in expected.gradients.items():
        close(direct.gradients[layer].weight, gradient.weight)
        close(direct.gradients[layer].bias, gradient.bias)
        ordered = [part.output.sort(dim=1).values for part in (direct.gradients[layer], gradient)]
        close(*ordered)


def test_autograd_passes_where_the_kernels_cannot(make_view: MakeView) -> None:
    assert isinstance(passage_of(with_kernels(make_view("LeNet5_1998"))), AutogradPassage)


def test_a_pass_by_the_kernels_leaves_nothing_for_the_next(make_view: MakeView) -> None:
    """Gradients are added up, and the arrays are used again."""
    passes, other = by_kernels(make_view("LeNet5")), make_view("LeNet5", seed=1)
    assert passes is not None
    _ = passes(make_view("LeNet5").model).gradients
    expected = passage_of(with_kernels(other)).gradients
    for layer, gradient in passes(other.model).gradients.items():
        torch.testing.assert_close(gradient, expected[layer], rtol=0, atol=0)


def test_an_activation_that_is_used_elsewhere_too(make_view: MakeView) -> None:
    """LeNet-5 of 1998 uses C1's after its subsampling as well; C1's own use is meant."""
    view = make_view("LeNet5_1998")
    affine: Any = view.model.get_submodule("C1.affine")
    expected = functional.conv2d(view.images, affine.weight, affine.bias).detach()
    torch.testing.assert_close(AutogradPassage(view).pre_activation("C1"), sample(expected))
    mean = np.asarray(look(view, "activations").numbers["C1.pre.mean"])
    np.testing.assert_allclose(mean, sample(expected).mean(dim=1), rtol=1e-4, atol=1e-6)
