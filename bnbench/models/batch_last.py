"""Hidden layers of maps computed with the batch innermost in memory; see `bnbench.kernels`.

A network that is told to do so keeps its modules, names and parameters. Other layers get tensors
of the shapes that they always get, so no architecture knows of it.
"""

from __future__ import annotations

from functools import partial

from torch import Tensor, nn

from bnbench.models.layers import AveragePool, BatchNormMaps, HiddenLayer, Tanh

MOST_CHANNELS = 32
"""That come in. With 32, PyTorch's convolution is as fast; with more, faster."""
ACTIVATIONS: dict[type[nn.Module], str] = {Tanh: "tanh", nn.ReLU: "relu", nn.Sigmoid: "sigmoid"}


def can_use_batch_last(network: nn.Module) -> bool:
    """Tell whether a network has convolutions, all of them in layers that have such kernels."""
    layers = _layers_of_maps(network)
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    return bool(layers) and len(layers) == len(convolutions) and all(map(_has_kernels, layers))


def use_batch_last(network: nn.Module) -> None:
    """Have a network's layers of maps computed so, from now on."""
    for layer in _layers_of_maps(network):
        layer.kernel = partial(_compute, layer)


def _layers_of_maps(network: nn.Module) -> list[HiddenLayer]:
    layers = (part for part in network.modules() if type(part) is HiddenLayer)
    return [layer for layer in layers if type(layer.affine) is nn.Conv2d]


def _has_kernels(layer: HiddenLayer) -> bool:
    convolution, norm = layer.affine, layer.normalization
    assert isinstance(convolution, nn.Conv2d)
    height, width = convolution.kernel_size
    return (
        height == width
        and convolution.in_channels <= MOST_CHANNELS
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.groups == 1
        and convolution.padding in {(padding, padding) for padding in range(height)}
        and convolution.padding_mode == "zeros"
        and (norm is None or _is_plain(norm))
        and type(layer.activation) in ACTIVATIONS
        and (layer.pool is None or _pool(layer.pool) != "none")
    )


def _is_plain(norm: nn.Module) -> bool:
    return (
        type(norm) is BatchNormMaps
        and norm.affine
        and norm.track_running_stats
        and norm.momentum is not None
    )


def _pool(pool: nn.Module | None) -> str:
    """Name a pool of blocks of 2 x 2, or none."""
    if type(pool) is AveragePool:
        return "average"
    plain = nn.MaxPool2d(2)
    if type(pool) is nn.MaxPool2d and pool.extra_repr() == plain.extra_repr():
        return "none" if pool.return_indices else "maximum"
    return "none"


def _compute(layer: HiddenLayer, x: Tensor) -> Tensor:
    """Do what the modules of a layer do."""
    from bnbench.kernels.functions import MapsLayer, Recipe

    convolution, norm = layer.affine, layer.normalization
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(convolution.padding[0], int)
    even = all((size + 2 * convolution.padding[0] - convolution.kernel_size[0] + 1) % 2 == 0
               for size in x.shape[2:])  # fmt: skip
    recipe = Recipe(
        convolution.padding[0],
        ACTIVATIONS[type(layer.activation)],
        _pool(layer.pool) if even else "none",
        "never" if norm is None else "first" if layer.normalizes_first else "last",
        0.0 if norm is None else norm.eps,  # type: ignore[arg-type]
    )
    if norm is None:
        y, _, _ = MapsLayer.apply(
            x, convolution.weight, convolution.bias, None, None, None, None, recipe
        )
    else:
        y = _normalized(x, convolution, norm, recipe)  # type: ignore[arg-type]
    return y if even or layer.pool is None else layer.pool(y)  # type: ignore[no-any-return]


def _normalized(x: Tensor, convolution: nn.Conv2d, norm: BatchNormMaps, recipe: object) -> Tensor:
    from bnbench.kernels.functions import MapsLayer

    parameters = convolution.weight, convolution.bias, norm.weight, norm.bias
    if not norm.training:
        y, _, _ = MapsLayer.apply(x, *parameters, norm.running_mean, norm.running_var, recipe)
        return y  # type: ignore[no-any-return]
    y, mean, variance = MapsLayer.apply(x, *parameters, None, None, recipe)
    count = _values_of_a_map(x, convolution)
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got {mean.shape}")
    norm.update(mean, variance, count)
    return y  # type: ignore[no-any-return]


def _values_of_a_map(x: Tensor, convolution: nn.Conv2d) -> int:
    grown = 2 * int(convolution.padding[0]) - convolution.kernel_size[0] + 1
    return len(x) * (x.shape[2] + grown) * (x.shape[3] + grown)
