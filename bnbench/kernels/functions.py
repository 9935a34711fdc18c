"""The loops as functions that PyTorch differentiates.

A tensor keeps its logical shape (N, C, H, W); that the batch lies innermost is a matter of its
strides, so architectures, autograd and `flatten` know nothing of it. Where a tensor comes in
another layout, it is transposed once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from bnbench.kernels import loops, team
from bnbench.kernels.recipe import Recipe

FORWARD, NORMALIZED = 1 << loops.CONVOLVE, 1 << loops.CONVOLVE | 1 << loops.NORMALIZE
UNDO, TO_INPUT = 1 << loops.UNDO, 1 << loops.INPUT_GRADIENT
BACKWARD = UNDO | 1 << loops.KERNEL_GRADIENT
NO_GRADIENTS = (None,) * 7

LIKE = {torch.float32: np.float32(0), torch.float64: np.float64(0)}


def innermost(x: Tensor) -> Tensor:
    """Give (N, C, H, W) or (N, F) with the batch last, contiguous; transposed if it is not."""
    moved = x.t() if x.dim() == 2 else x.permute(1, 2, 3, 0)
    if moved.is_contiguous():
        return moved
    return x.reshape(len(x), -1).t().contiguous().view(moved.shape)  # four times as fast in 2D


class MapsLayer(torch.autograd.Function):
    """A convolution or linear layer with what follows it: batch norm, activation and pool."""

    @staticmethod
    def forward(
        context: Any, x: Tensor, weight: Tensor, bias: Tensor | None, gamma: Tensor | None,
        beta: Tensor | None, mean: Tensor | None, variance: Tensor | None, recipe: Recipe,
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:  # fmt: skip
        """Compute the layer; with `mean` and `variance` given, batch norm uses these."""
        source, weight = innermost(x), weight.contiguous()
        shape = _shape(source, weight, recipe.padding)
        _, _, _, maps, height, width, _, examples = shape
        norm, frozen = recipe.normalizes != "never", mean is not None
        y = x.new_empty(maps, height, width, examples)
        activated = torch.empty_like(y) if norm else y
        pooled, places = activated, None
        if recipe.pool != "none":
            pooled = x.new_empty(maps, height // 2, width // 2, examples)
        if recipe.pool == "maximum":
            places = torch.empty(pooled.shape, dtype=torch.uint8)
        inverse = x.new_empty(maps) if norm else None
        moments = None
        if norm and not frozen:
            mean, variance = x.new_empty(maps), x.new_empty(maps)
            moments = torch.empty(2, maps, height, dtype=torch.float64)
        there = addresses_of(
            source, weight, bias, y, activated, pooled, places, gamma, beta, mean, variance,
            inverse, moments, *NO_GRADIENTS,
        )  # fmt: skip
        stages = NORMALIZED if norm else FORWARD
        _compute(x, stages, (*there, *shape, int(frozen), *recipe.numbers))
        context.recipe, context.shape, context.frozen = recipe, shape, frozen
        context.save_for_backward(source, weight, y, activated, places, gamma, mean, inverse)
        if mean is not None:
            context.mark_non_differentiable(mean, variance)
        result = pooled.permute(3, 0, 1, 2) if x.dim() == 4 else pooled.view(maps, examples).t()
        return result, mean, variance

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor, *_: Any) -> Any:
        """Go back through pool, activation and batch norm, and the convolution."""
        source, weight, y, activated, places, gamma, mean, inverse = context.saved_tensors
        recipe: Recipe = context.recipe
        linear = source.dim() == 2
        gradient, padded = innermost(gradient), source
        if recipe.padding:
            padded = functional.pad(source, (0, 0, *[recipe.padding] * 4))
        of_bias, room = y.new_empty(len(y)), torch.empty_like(y)
        of_weight = torch.empty_like(weight) if linear else torch.zeros_like(weight)
        of_source = of_gamma = of_beta = None
        if gamma is not None:
            of_gamma, of_beta = torch.empty_like(of_bias), torch.empty_like(of_bias)
        stages = UNDO if linear else BACKWARD
        if context.needs_input_grad[0]:
            of_source = torch.empty_like(source)
            stages |= TO_INPUT
        there = addresses_of(
            padded, weight, None, y, activated, None, places, gamma, None, mean, None, inverse,
            None, gradient, room, of_weight, of_bias, of_gamma, of_beta, of_source,
        )  # fmt: skip
        _compute(y, stages, (*there, *context.shape, int(context.frozen), *recipe.numbers))
        if linear:
            torch.mm(room.flatten(1), source.t(), out=of_weight)
        if of_source is not None:
            of_source = of_source.t() if linear else of_source.permute(3, 0, 1, 2)
        bias = of_bias if context.needs_input_grad[2] else None
        return of_source, of_weight, bias, of_gamma, of_beta, None, None, None


def _compute(like: Tensor, stages: int, job: tuple[int, ...]) -> None:
    """Do stages of a `bnbench.kernels.job.Job`, with a team's help if there is one."""
    box = team.address if like.dtype == torch.float32 else 0
    loops.layer(LIKE[like.dtype], box, stages, job)


def addresses_of(*tensors: Tensor | None) -> tuple[int, ...]:
    """Look up where each tensor's numbers begin; 0 where there is none."""
    return tuple([0 if one is None else one.data_ptr() for one in tensors])


def _shape(source: Tensor, weight: Tensor, padding: int) -> tuple[int, ...]:
    """List C, H, W, O, H', W', K, N; a linear layer has maps of one pixel."""
    if source.dim() == 2:
        features, examples = source.shape
        return features, 1, 1, len(weight), 1, 1, 1, examples
    channels, height, width, examples = source.shape
    maps, _, side, _ = weight.shape
    grown = 2 * padding - side + 1
    return channels, height, width, maps, height + grown, width + grown, side, examples
