"""A pass through the network, forward and back, and what it leaves inside the layers.

Probes that look after the same step at the same images share one: it is most of what they cost.
"""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from bnbench.probes.probe import OUTPUT, View, layer

PASSAGE = "passage"


class Gradient(NamedTuple):
    """Derivatives of the loss by a layer's weights, biases, and convolution or linear map."""

    weight: Tensor
    bias: Tensor | None
    output: Tensor


class Passage:
    """The pass of a view's network in training mode on its images.

    It goes through a copy of the network, and stays what it is when a probe moves the network.
    """

    def __init__(self, view: View) -> None:
        model = deepcopy(view.model).requires_grad_()
        self._affines: dict[str, nn.Conv2d | nn.Linear] = {}
        self._calls: dict[tuple[str, str], tuple[Tensor, Tensor]] = {}
        for name in (*model.hidden_layers, OUTPUT):
            module = layer(model, name)
            self._affines[name] = affine = affine_of(module)
            self._watch(name, layer=module, affine=affine)
            if name != OUTPUT:
                self._watch(name, activation=module.get_submodule("activation"))
        with torch.enable_grad():
            self._loss = view.loss(model(view.images), view.labels)

    def _watch(self, name: str, **modules: nn.Module) -> None:
        """Keep what modules are given and give when they are first called.

        Later calls of a shared activation are another layer's. The hooks know the tensors alone: a
        cycle with `self` would keep a hundred megabytes until Python looks for cycles.
        """
        calls = self._calls
        for part, module in modules.items():

            def keep(_: nn.Module, given: tuple[Tensor], gave: Tensor, part: str = part) -> None:
                calls.setdefault((name, part), (given[0], gave))

            module.register_forward_hook(keep)

    def pre_activation(self, name: str) -> Tensor:
        """Look up what a hidden layer's activation function was given."""
        return self._calls[name, "activation"][0].detach()

    def activated(self, name: str) -> Tensor:
        """Look up what a hidden layer's activation function gave."""
        return self._calls[name, "activation"][1].detach()

    def after(self, name: str) -> Tensor:
        """Look up what the layer after a hidden one was given."""
        return self._calls[dict(pairwise(self._affines))[name], "layer"][0].detach()

    @cached_property
    def gradients(self) -> dict[str, Gradient]:
        """The derivatives of each hidden layer and of ``output``."""
        affines = self._affines
        outputs = {name: self._calls[name, "affine"][1] for name in affines}
        biases = {name: part.bias for name, part in affines.items() if part.bias is not None}
        weights = [part.weight for part in affines.values()]
        found = iter(
            torch.autograd.grad(self._loss, [*weights, *outputs.values(), *biases.values()])
        )
        by_weight = {name: next(found) for name in affines}
        by_output = {name: next(found) for name in affines}
        by_bias = dict(zip(biases, found, strict=True))
        return {
            name: Gradient(by_weight[name], by_bias.get(name), by_output[name]) for name in affines
        }


def passage_of(view: View) -> Passage:
    """Look up the pass of a view; the first probe to ask makes it."""
    if PASSAGE not in view.shared:
        view.shared[PASSAGE] = Passage(view)
    return cast(Passage, view.shared[PASSAGE])


def affine_of(module: nn.Module) -> nn.Conv2d | nn.Linear:
    """Find the convolution or linear layer that a hidden layer has, or that the output is."""
    part = getattr(module, "affine", module)
    assert isinstance(part, nn.Conv2d | nn.Linear)
    return part
