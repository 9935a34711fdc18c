"""A pass by PyTorch's own kernels and autograd, which any network can make."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from itertools import pairwise

import torch
from torch import Tensor, nn

from bnbench.probes.inside import Gradient, affine_of
from bnbench.probes.probe import OUTPUT, View, layer
from bnbench.probes.sample import sample


class AutogradPassage:
    """See `bnbench.probes.inside.Passage`."""

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
        """See `bnbench.probes.inside.Passage`."""
        return sample(self._calls[name, "activation"][0].detach())

    def after(self, name: str) -> Tensor:
        """See `bnbench.probes.inside.Passage`."""
        following = dict(pairwise(self._affines))[name]
        return sample(self._calls[following, "layer"][0].detach())

    def activated(self, name: str) -> Tensor:
        """See `bnbench.probes.inside.Passage`."""
        return self._calls[name, "activation"][1].detach()

    @cached_property
    def gradients(self) -> dict[str, Gradient]:
        """See `bnbench.probes.inside.Passage`."""
        affines = self._affines
        outputs = {name: self._calls[name, "affine"][1] for name in affines}
        biases = {name: part.bias for name, part in affines.items() if part.bias is not None}
        weights = [part.weight for part in affines.values()]
        found = iter(
            torch.autograd.grad(self._loss, [*weights, *outputs.values(), *biases.values()])
        )
        by_weight = {name: next(found) for name in affines}
        by_output = {name: next(found).transpose(0, 1).flatten(1) for name in affines}
        by_bias = dict(zip(biases, found, strict=True))
        return {
            name: Gradient(by_weight[name], by_bias.get(name), by_output[name]) for name in affines
        }
