"""A layer's arrays, with the batch innermost, and the calls of the loops that work on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bnbench.kernels import loops, team
from bnbench.kernels.recipe import Recipe

FORWARD, NORMALIZED = 1 << loops.CONVOLVE, 1 << loops.CONVOLVE | 1 << loops.NORMALIZE
UNDO, TO_INPUT = 1 << loops.UNDO, 1 << loops.INPUT_GRADIENT
BACKWARD = UNDO | 1 << loops.KERNEL_GRADIENT
NO_GRADIENTS = (None,) * 7

LIKE = {torch.float32: np.float32(0), torch.float64: np.float64(0)}


class Weights(NamedTuple):
    """What a layer learns, or the gradients of that; ``None`` for what it does not have."""

    weight: Tensor
    bias: Tensor | None
    gamma: Tensor | None
    beta: Tensor | None


class Maps(NamedTuple):
    """What a layer makes of a batch; see `bnbench.kernels.job.Job`."""

    y: Tensor
    activated: Tensor
    pooled: Tensor
    places: Tensor | None
    mean: Tensor | None
    variance: Tensor | None
    inverse: Tensor | None
    moments: Tensor | None


class Layout(NamedTuple):
    """What is computed: the sizes of `shape_of`, the recipe, and whether statistics are frozen."""

    shape: tuple[int, ...]
    recipe: Recipe
    frozen: bool

    @property
    def numbers(self) -> tuple[int, ...]:
        """The last fields of a `bnbench.kernels.job.Job`."""
        return *self.shape, int(self.frozen), *self.recipe.numbers


@dataclass(frozen=True)
class Call:
    """A call of compiled loops; it keeps the arrays alive whose addresses are in the arguments."""

    loops: Callable[..., None]
    arguments: tuple[Any, ...]
    arrays: tuple[Tensor | None, ...]

    def __call__(self) -> None:
        """Do it."""
        self.loops(*self.arguments)


def shape_of(source: Tensor, weight: Tensor, padding: int) -> tuple[int, ...]:
    """List C, H, W, O, H', W', K, N; a linear layer has maps of one pixel."""
    if source.dim() == 2:
        features, examples = source.shape
        return features, 1, 1, len(weight), 1, 1, 1, examples
    channels, height, width, examples = source.shape
    maps, _, side, _ = weight.shape
    grown = 2 * padding - side + 1
    return channels, height, width, maps, height + grown, width + grown, side, examples


def room_for(layout: Layout, like: Tensor, mean: Tensor | None, variance: Tensor | None) -> Maps:
    """Take memory for what a layer makes.

    Parameters
    ----------
    like : Tensor
        Of the type of the maps.
    mean, variance : Tensor, shape (O,), or None
        Those by which batch norm normalizes if they are frozen, the variance biased.
    """
    _, _, _, maps, height, width, _, examples = layout.shape
    normalized = layout.recipe.normalizes != "never"
    y = like.new_empty(maps, height, width, examples)
    pooled = activated = torch.empty_like(y) if normalized else y
    places = inverse = moments = None
    if layout.recipe.pool != "none":
        pooled = y.new_empty(maps, height // 2, width // 2, examples)
    if layout.recipe.pool == "maximum":
        places = torch.empty(pooled.shape, dtype=torch.uint8)
    if normalized:
        inverse = y.new_empty(maps)
    if normalized and not layout.frozen:
        mean, variance = y.new_empty(maps), y.new_empty(maps)
        moments = torch.empty(2, maps, height, dtype=torch.float64)
    return Maps(y, activated, pooled, places, mean, variance, inverse, moments)


def forward_call(source: Tensor, weights: Weights, maps: Maps, layout: Layout) -> Call:
    """Compute `maps`."""
    y, activated, pooled, places, mean, variance, inverse, moments = maps
    stages = FORWARD if layout.recipe.normalizes == "never" else NORMALIZED
    arrays = (
        source, weights.weight, weights.bias, y, activated, pooled, places, weights.gamma,
        weights.beta, mean, variance, inverse, moments, *NO_GRADIENTS,
    )  # fmt: skip
    return _call(stages, arrays, layout)


def backward_call(
    padded: Tensor, weights: Weights, maps: Maps, above: Tensor, room: Tensor, gradients: Weights,
    below: Tensor | None, layout: Layout,
) -> Call:  # fmt: skip
    """Go back through pool, activation and batch norm, and the convolution.

    Parameters
    ----------
    padded : Tensor
        The source with the zeros around it.
    above, below : Tensor
        The gradient of what the layer gives; that of its source, if it is wanted.
    room : Tensor
        Of the shape of ``maps.y``: its gradient.
    gradients : Weights
        That of a convolution's weights holds zeros at first. That of a linear layer's is left out:
        the matrix product of `room` and the source gives it.
    """
    stages = (UNDO if padded.dim() == 2 else BACKWARD) | (0 if below is None else TO_INPUT)
    arrays = (
        padded, weights.weight, None, maps.y, maps.activated, None, maps.places, weights.gamma,
        None, maps.mean, None, maps.inverse, None, above, room, *gradients, below,
    )  # fmt: skip
    return _call(stages, arrays, layout)


def _call(stages: int, arrays: tuple[Tensor | None, ...], layout: Layout) -> Call:
    """Do stages of a `bnbench.kernels.job.Job`, with a team's help if there is one."""
    source = arrays[0]
    assert source is not None
    box = team.address if source.dtype == torch.float32 else 0
    job = *addresses_of(*arrays), *layout.numbers
    return Call(loops.layer, (LIKE[source.dtype], box, stages, job), arrays)


def addresses_of(*tensors: Tensor | None) -> tuple[int, ...]:
    """Look up where each tensor's numbers begin; 0 where there is none."""
    return tuple([0 if tensor is None else tensor.data_ptr() for tensor in tensors])
