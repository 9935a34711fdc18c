"""A pass by the kernels of the training, without autograd: a third of the time of the other."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from bnbench.models import Network
from bnbench.probes.inside import Gradient, affine_of
from bnbench.probes.probe import OUTPUT, layer
from bnbench.probes.sample import pixels_of, sample, units_of

if TYPE_CHECKING:
    from bnbench.direct import DirectLayer, DirectStep


class DirectPasses:
    """Passes of networks with the layers of one, on the same images.

    Their arrays are taken once: new memory at each look would cost a fifth of it. So a pass is
    good until the next.

    Parameters
    ----------
    network : Network
        In training mode; nobody else has it.
    step : DirectStep
        Of the network, whose parameters have gradients, on these images.
    """

    def __init__(self, network: Network, step: DirectStep) -> None:
        self._network, self._step = network, step

    def __call__(self, model: Network) -> DirectPassage:
        """Pass through a network."""
        self._network.load_state_dict(model.state_dict())
        for parameter in self._network.parameters():
            assert parameter.grad is not None
            parameter.grad.zero_()
        return DirectPassage(self._network, self._step)


class DirectPassage:
    """See `bnbench.probes.inside.Passage`.

    Parameters
    ----------
    network, step
        See `DirectPasses`; the gradients are zeros.
    """

    def __init__(self, network: Network, step: DirectStep) -> None:
        self._output, self._step = affine_of(layer(network, OUTPUT)), step
        self._layers = dict(zip(network.hidden_layers, step.layers, strict=True))
        step.forward()

    @torch.no_grad()
    def pre_activation(self, name: str) -> Tensor:
        """See `bnbench.probes.inside.Passage`."""
        layer, maps = self._layers[name], self._layers[name].maps
        if layer.recipe.normalizes != "first":
            return _products(layer)
        units = units_of(len(maps.y))
        mean, variance, gamma, beta = (
            of_maps if of_maps is None else of_maps[units]
            for of_maps in (maps.mean, maps.variance, layer.weights.gamma, layer.weights.beta)
        )
        given = _sample(maps.y.squeeze((1, 2))).t()
        eps = layer.recipe.epsilon
        return functional.batch_norm(given, mean, variance, gamma, beta, eps=eps).t()

    def after(self, name: str) -> Tensor:
        """See `bnbench.probes.inside.Passage`."""
        following = {
            first: layer.source for (first, _), (_, layer) in pairwise(self._layers.items())
        }
        given = following.get(name)
        return _sample(self._layers[name].maps.pooled.flatten(0, -2) if given is None else given)

    def activated(self, name: str) -> Tensor:
        """See `bnbench.probes.inside.Passage`."""
        layer = self._layers[name]
        return layer.maps.y if layer.recipe.normalizes == "last" else layer.maps.activated

    @cached_property
    def gradients(self) -> dict[str, Gradient]:
        """See `bnbench.probes.inside.Passage`."""
        self._step.backward()
        found = {
            name: Gradient(*_gradients(*layer.weights[:2]), layer.gradient.flatten(1))
            for name, layer in self._layers.items()
        }
        of_output = _gradients(self._output.weight, self._output.bias)
        return found | {OUTPUT: Gradient(*of_output, self._step.logits_gradient.t())}


def _gradients(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    assert weight.grad is not None
    return weight.grad, None if bias is None else bias.grad


def _sample(values: Tensor) -> Tensor:
    """Sample values with the batch innermost."""
    return sample(values.movedim(-1, 0))


def _products(layer: DirectLayer) -> Tensor:
    """Compute a sample of what an activation overwrites: the convolution or linear map."""
    weight, bias, _, _ = layer.weights
    units = units_of(len(weight))
    products = weight[units].flatten(1) @ _patches(layer)
    return products if bias is None else products + bias[units, None]


def _patches(layer: DirectLayer) -> Tensor:
    """What is multiplied by the weights at the sampled pixels: (C K K, n), or (F, N)."""
    source, padding = layer.source, layer.recipe.padding
    if source.dim() == 2:
        return source
    side, (_, height, width, _) = layer.weights.weight.shape[-1], layer.maps.y.shape
    padded = functional.pad(source, (0, 0, *[padding] * 4)) if padding else source
    return torch.cat(
        [
            padded[:, row : row + side, column : column + side].flatten(0, 2)
            for row, column in pixels_of(height, width)
        ],
        dim=1,
    )
