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

from bnbench.kernels import loops
from bnbench.kernels.recipe import Recipe

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
        if norm and not frozen:
            mean, variance = x.new_empty(maps), x.new_empty(maps)
        loops.layer_forward(
            LIKE[x.dtype], addresses_of(source, weight, bias, y, activated, pooled, places),
            addresses_of(gamma, beta, mean, variance, inverse), shape, recipe.padding,
            recipe.steps, frozen, recipe.epsilon,
        )  # fmt: skip
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
        shape, like = context.shape, LIKE[y.dtype]
        linear = source.dim() == 2
        gradient, padded = innermost(gradient), source
        if recipe.padding:
            padded = functional.pad(source, (0, 0, *[recipe.padding] * 4))
        of_weight, of_bias = torch.empty_like(weight), y.new_empty(len(y))
        of_source = of_gamma = of_beta = None
        room: Any = None
        if gamma is not None:
            of_gamma, of_beta = torch.empty_like(of_bias), torch.empty_like(of_bias)
        if gamma is not None or linear or context.needs_input_grad[0]:
            room = torch.empty_like(y)
        loops.maps_backward(
            like, addresses_of(gradient, padded, y, activated, places, room),
            addresses_of(gamma, None, mean, None, inverse),
            addresses_of(None if linear else of_weight, of_bias, of_gamma, of_beta), shape,
            recipe.padding, recipe.steps, context.frozen,
        )  # fmt: skip
        if linear:
            torch.mm(room.flatten(1), source.t(), out=of_weight)
        if context.needs_input_grad[0]:
            of_source = torch.empty_like(source)
            addresses = room.data_ptr(), weight.data_ptr(), of_source.data_ptr()
            loops.input_backward(like, *addresses, shape, recipe.padding)
            of_source = of_source.t() if linear else of_source.permute(3, 0, 1, 2)
        bias = of_bias if context.needs_input_grad[2] else None
        return of_source, of_weight, bias, of_gamma, of_beta, None, None, None


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
