"""Hidden layers of maps computed with the batch innermost in memory; see `bnbench.kernels`.

A network that is told to do so keeps its modules, names and parameters. Other layers get tensors
of the shapes that they always get, so no architecture knows of it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bnbench.kernels.recipe import Recipe
from bnbench.models.layers import (
    AveragePool,
    BatchNormMaps,
    HiddenLayer,
    Tanh,
    update_running_statistics,
)

MOST_CHANNELS = 32
"""That come in. With 32, PyTorch's convolution is as fast; with more, faster."""
ACTIVATIONS: dict[type[nn.Module], str] = {Tanh: "tanh", nn.ReLU: "relu", nn.Sigmoid: "sigmoid"}


def can_use_batch_last(network: nn.Module) -> bool:
    """Tell whether a network has convolutions, all of them in layers that have such kernels."""
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    within = [layer for layer in _hidden_layers(network) if type(layer.affine) is nn.Conv2d]
    return len(within) == len(convolutions) > 0 and all(map(has_kernels, within))


def use_batch_last(network: nn.Module) -> None:
    """Have a network's hidden layers computed so, from now on."""
    for layer in filter(has_kernels, _hidden_layers(network)):
        layer.kernel = partial(_compute, layer, recipe_of(layer))


def _hidden_layers(network: nn.Module) -> list[HiddenLayer]:
    return [part for part in network.modules() if type(part) is HiddenLayer]


def has_kernels(layer: HiddenLayer) -> bool:
    """Tell whether there are kernels for all that a layer does."""
    return (
        (type(layer.affine) is nn.Linear or _has_kernel(layer.affine))
        and (layer.normalization is None or _is_plain(layer.normalization))
        and type(layer.activation) in ACTIVATIONS
        and (layer.pool is None or (_pool(layer.pool) != "none" and not _pools_first(layer)))
    )


def _has_kernel(convolution: nn.Module) -> bool:
    if type(convolution) is not nn.Conv2d:
        return False
    height, width = convolution.kernel_size
    return (
        height == width
        and convolution.in_channels <= MOST_CHANNELS
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.groups == 1
        and convolution.padding in {(padding, padding) for padding in range(height)}
        and convolution.padding_mode == "zeros"
    )


def _is_plain(norm: nn.Module) -> bool:
    return type(norm) in (BatchNormMaps, nn.BatchNorm1d) and (
        bool(norm.affine) and bool(norm.track_running_stats) and norm.momentum is not None
    )


def _pools_first(layer: HiddenLayer) -> bool:
    return layer.normalization is not None and layer.placement == "after_pooling"


def _pool(pool: nn.Module | None) -> str:
    """Name a pool of blocks of 2 x 2, or none."""
    if type(pool) is AveragePool:
        return "average"
    plain = nn.MaxPool2d(2)
    if type(pool) is nn.MaxPool2d and pool.extra_repr() == plain.extra_repr():
        return "none" if pool.return_indices else "maximum"
    return "none"


def plain_norm(layer: HiddenLayer) -> _BatchNorm | None:
    """The batch norm of a layer that has kernels."""
    norm = layer.normalization
    assert norm is None or isinstance(norm, _BatchNorm)
    return norm


def recipe_of(layer: HiddenLayer) -> Recipe:
    """Name what a layer, which has kernels, does after its convolution."""
    norm = plain_norm(layer)
    first = norm is not None and layer.placement == "before_activation"
    return Recipe(
        int(layer.affine.padding[0]) if isinstance(layer.affine, nn.Conv2d) else 0,
        ACTIVATIONS[type(layer.activation)],
        _pool(layer.pool),
        "never" if norm is None else "first" if first else "last",
        0.0 if norm is None else float(norm.eps),
    )


def _compute(layer: HiddenLayer, recipe: Recipe, x: Tensor) -> Tensor:
    """Do what the modules of a layer do."""
    from bnbench.kernels.functions import MapsLayer

    height, width = recipe.maps_of(x, layer.affine.weight)
    pool_apart = layer.pool is not None and (height % 2 == 1 or width % 2 == 1)
    if pool_apart:
        recipe = replace(recipe, pool="none")
    norm: Any = layer.normalization
    weights = layer.affine.weight, layer.affine.bias
    if norm is None:
        y, _, _ = MapsLayer.apply(x, *weights, None, None, None, None, recipe)
    elif not norm.training:
        affine, running = (norm.weight, norm.bias), (norm.running_mean, norm.running_var)
        y, _, _ = MapsLayer.apply(x, *weights, *affine, *running, recipe)
    else:
        count = len(x) * height * width
        if count == 1:
            raise ValueError("Expected more than 1 value per channel when training")
        affine = norm.weight, norm.bias
        y, mean, variance = MapsLayer.apply(x, *weights, *affine, None, None, recipe)
        update_running_statistics(norm, mean, variance, count)
    if layer.dropout is not None:
        y = layer.dropout(y.contiguous())  # its random numbers follow the order in memory
    return layer.pool(y) if pool_apart else y  # type: ignore[misc, no-any-return]
