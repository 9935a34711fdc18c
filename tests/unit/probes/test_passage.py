"""A pass that probes share: what it is not changed by, what it leaves, and when it is gone."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from bnbench.probes import View
from bnbench.probes.activations import sample
from bnbench.probes.passage import Passage, passage_of
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


def test_a_pass_changes_nothing_in_the_network(make_view: MakeView) -> None:
    view = make_view("LeNet5_BatchNorm")
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
        passage = Passage(view)
        _ = passage.gradients
        inside = weakref.ref(passage._calls["C1", "activation"][1])
        assert inside() is not None
        del passage
        assert inside() is None
    finally:
        gc.enable()


def test_an_activation_that_is_used_elsewhere_too(make_view: MakeView) -> None:
    """LeNet-5 of 1998 uses C1's after its subsampling as well; C1's own use is meant."""
    view = make_view("LeNet5_1998")
    affine: Any = view.model.get_submodule("C1.affine")
    expected = functional.conv2d(view.images, affine.weight, affine.bias).detach()
    torch.testing.assert_close(Passage(view).pre_activation("C1"), expected)
    mean = np.asarray(look(view, "activations").numbers["C1.pre.mean"])
    np.testing.assert_allclose(mean, sample(expected).mean(dim=1), rtol=1e-4, atol=1e-6)
