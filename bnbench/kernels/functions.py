"""The loops as functions that PyTorch differentiates.

A tensor keeps its logical shape (N, C, H, W); that the batch lies innermost is a matter of its
strides, so architectures, autograd and `flatten` know nothing of it. Where a tensor comes in
another layout, it is transposed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from bnbench.kernels import loops

Array = NDArray[Any]
ACTIVATIONS = {
    "none": loops.NO_ACTIVATION,
    "tanh": loops.TANH,
    "relu": loops.RELU,
    "sigmoid": loops.SIGMOID,
}
POOLS = {"none": loops.NO_POOL, "average": loops.AVERAGE, "maximum": loops.MAXIMUM}


@dataclass(frozen=True)
class Recipe:
    """What a layer of maps does after its convolution.

    Attributes
    ----------
    padding : int
        Zeros around the maps that come in.
    activation : str
        A name of `ACTIVATIONS`.
    pool : str
        A name of `POOLS`, of blocks of 2 x 2.
    normalizes : str
        ``never``, ``first`` (before the activation) or ``last`` (after it, before the pool).
    epsilon : float
    """

    padding: int
    activation: str
    pool: str
    normalizes: Literal["never", "first", "last"]
    epsilon: float = 0.0


def innermost(x: Tensor) -> Tensor:
    """Give maps (N, C, H, W) as a contiguous (C, H, W, N), transposed if they lie otherwise."""
    x = x.detach()
    moved = x.permute(1, 2, 3, 0)
    if moved.is_contiguous():
        return moved
    rows = x.contiguous()
    target = x.new_empty(moved.shape)
    loops.transpose(_flat(rows), _flat(target), len(x), x[0].numel())
    return target


def logical(maps: Tensor) -> Tensor:
    """Give (C, H, W, N) as (N, C, H, W), a view."""
    return maps.permute(3, 0, 1, 2)


def _flat(tensor: Tensor) -> Array:
    flat: Array = tensor.detach().numpy().reshape(-1)
    return flat


class MapsLayer(torch.autograd.Function):
    """A convolution, and what follows it: batch norm, activation and pool."""

    @staticmethod
    def forward(
        context: Any, x: Tensor, weight: Tensor, bias: Tensor | None, gamma: Tensor | None,
        beta: Tensor | None, mean: Tensor | None, variance: Tensor | None, recipe: Recipe,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:  # fmt: skip
        """Compute the layer; with `mean` and `variance` given, batch norm uses these."""
        source = innermost(x)
        y = _convolved(source, weight, bias, recipe.padding)
        activated, scale, shift = y, _filled(y, 1), _filled(y, 0)
        context.frozen = mean is not None
        inverse = None
        first = recipe.activation
        if recipe.normalizes != "never":
            assert gamma is not None
            assert beta is not None
            if recipe.normalizes == "last":
                _activated(y, recipe.activation)
                first = "none"
            if mean is None or variance is None:
                mean, variance = _moments(y)
            inverse = torch.rsqrt(variance + recipe.epsilon)
            scale = gamma.detach() * inverse
            shift = beta.detach() - mean * scale
            activated = torch.empty_like(y)
        pooled, places = _pooled(y, activated, scale, shift, first, recipe.pool)
        context.recipe = recipe
        context.save_for_backward(source, weight, bias, y, activated, places, gamma, mean, inverse)
        context.mark_non_differentiable(*(one for one in (mean, variance) if one is not None))
        return logical(pooled), mean, variance

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor, *_: Any) -> Any:
        """Go back through pool, activation and batch norm, and the convolution."""
        source, weight, bias, y, activated, places, gamma, mean, inverse = context.saved_tensors
        recipe: Recipe = context.recipe
        last = recipe.normalizes == "last"
        maps, sums = torch.empty_like(y), y.new_empty(len(y))
        _undo_pool(
            innermost(gradient), activated, places, maps, sums,
            "none" if last else recipe.activation, recipe.pool,
        )  # fmt: skip
        of_gamma = of_beta = None
        if recipe.normalizes != "never":
            of_gamma, of_beta = torch.empty_like(mean), torch.empty_like(mean)
            loops.undo_normalization(
                _flat(y), _flat(maps), _flat(mean), _flat(inverse), _flat(gamma),
                _flat(of_gamma), _flat(of_beta), _flat(sums), _rows(y),
                ACTIVATIONS[recipe.activation if last else "none"], context.frozen,
            )  # fmt: skip
        of_x = None
        if context.needs_input_grad[0]:
            of_x = logical(_input_gradient(maps, weight, source.shape, recipe.padding))
        of_weight = _weight_gradient(source, maps, weight, recipe.padding)
        of_bias = None if bias is None else sums
        return of_x, of_weight, of_bias, of_gamma, of_beta, None, None, None


def _filled(y: Tensor, value: float) -> Tensor:
    return y.new_full((len(y),), value)


def _rows(y: Tensor) -> tuple[int, int, int]:
    maps, height, width, examples = y.shape
    return maps, height, width * examples


def _convolved(source: Tensor, weight: Tensor, bias: Tensor | None, padding: int) -> Tensor:
    channels, height, width, examples = source.shape
    maps, _, side, _ = weight.shape
    grown = 2 * padding - side + 1
    y = source.new_empty(maps, height + grown, width + grown, examples)
    shape = (channels, height, width, *y.shape[:3], side, examples)
    steps = (0, channels * side * side, side * side, side, 1)
    zeros = bias if bias is not None else _filled(y, 0)
    loops.correlate(
        _flat(source), _flat(weight.contiguous()), _flat(zeros), _flat(y), shape, steps, padding
    )
    return y


def _input_gradient(
    gradient: Tensor, weight: Tensor, shape: tuple[int, ...], padding: int
) -> Tensor:
    """Correlate the gradient with the kernel turned by half a turn, maps for channels."""
    maps, height, width, examples = gradient.shape
    _, channels, side, _ = weight.shape
    of_x = gradient.new_empty(shape)
    steps = (side * side - 1, side * side, channels * side * side, -side, -1)
    loops.correlate(
        _flat(gradient), _flat(weight.contiguous()), _flat(_filled(of_x, 0)), _flat(of_x),
        (maps, height, width, *shape[:3], side, examples), steps, side - 1 - padding,
    )  # fmt: skip
    return of_x


def _weight_gradient(source: Tensor, gradient: Tensor, weight: Tensor, padding: int) -> Tensor:
    if padding:
        source = torch.nn.functional.pad(source, (0, 0, padding, padding, padding, padding))
    channels, height, width, examples = source.shape
    of_weight = torch.empty(weight.shape, dtype=weight.dtype)
    shape = (channels, height, width, *gradient.shape[:3], weight.shape[2], examples)
    loops.kernel_gradient(_flat(source), _flat(gradient), _flat(of_weight), shape)
    return of_weight


def _moments(y: Tensor) -> tuple[Tensor, Tensor]:
    mean, variance = y.new_empty(len(y)), y.new_empty(len(y))
    loops.moments(_flat(y), _flat(mean), _flat(variance), *_rows(y))
    return mean, variance


def _activated(y: Tensor, activation: str) -> None:
    """Apply an activation in place."""
    _pooled(y, y, _filled(y, 1), _filled(y, 0), activation, "none")


def _pooled(
    y: Tensor, activated: Tensor, scale: Tensor, shift: Tensor, activation: str, pool: str
) -> tuple[Tensor, Tensor]:
    maps, height, width, examples = y.shape
    pooled = activated
    if pool != "none":
        pooled = y.new_empty(maps, height // 2, width // 2, examples)
    places = pooled.new_empty(pooled.shape if pool == "maximum" else (0,), dtype=torch.uint8)
    loops.activate_and_pool(
        _flat(y), _flat(scale), _flat(shift), _flat(activated), _flat(pooled), _flat(places),
        (maps, height, width, examples), ACTIVATIONS[activation], POOLS[pool],
    )  # fmt: skip
    return pooled, places


def _undo_pool(
    gradient: Tensor, activated: Tensor, places: Tensor, target: Tensor, sums: Tensor,
    activation: str, pool: str,
) -> None:  # fmt: skip
    loops.undo_pool_and_activation(
        _flat(gradient), _flat(activated), _flat(places), _flat(target), _flat(sums),
        tuple(activated.shape), ACTIVATIONS[activation], POOLS[pool],
    )  # fmt: skip
