"""The loops as functions that PyTorch differentiates.

A tensor keeps its logical shape (N, C, H, W); that the batch lies innermost is a matter of its
strides, so architectures, autograd and `flatten` know nothing of it. Where a tensor comes in
another layout, it is transposed once.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from bnbench.kernels.arrays import (
    Layout,
    Maps,
    Weights,
    backward_call,
    forward_call,
    room_for,
    shape_of,
)
from bnbench.kernels.recipe import Recipe


def innermost(x: Tensor) -> Tensor:
    """Copy (N, C, H, W) or (N, F) with the batch last, contiguous; transposed if it is not."""
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
        source, weights = innermost(x), Weights(weight.contiguous(), bias, gamma, beta)
        shape = shape_of(source, weights.weight, recipe.padding)
        layout = Layout(shape, recipe, frozen=mean is not None)
        maps = room_for(layout, x, mean, variance)
        forward_call(source, weights, maps, layout)()
        context.layout = layout
        context.save_for_backward(source, *weights, *maps._replace(moments=None))
        if maps.mean is not None:
            context.mark_non_differentiable(maps.mean, maps.variance)
        pooled = maps.pooled
        result = pooled.permute(3, 0, 1, 2) if x.dim() == 4 else pooled.flatten(0, 2).t()
        return result, maps.mean, maps.variance

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor, *_: Any) -> Any:
        """Go back through pool, activation and batch norm, and the convolution."""
        source, *saved = context.saved_tensors
        weights, maps, layout = Weights(*saved[:4]), Maps(*saved[4:]), context.layout
        wanted, linear, padding = context.needs_input_grad, source.dim() == 2, layout.recipe.padding
        padded = functional.pad(source, (0, 0, *[padding] * 4)) if padding else source
        of_weight = (torch.empty_like if linear else torch.zeros_like)(weights.weight)
        gradients = Weights(of_weight, *(maps.y.new_empty(len(maps.y)) for _ in range(3)))
        room, below = torch.empty_like(maps.y), torch.empty_like(source) if wanted[0] else None
        backward_call(padded, weights, maps, innermost(gradient), room, gradients, below, layout)()
        if linear:
            torch.mm(room.flatten(1), source.t(), out=of_weight)
        if below is not None:
            below = below.t() if linear else below.permute(3, 0, 1, 2)
        given = zip(gradients, wanted[1:5], strict=True)
        return below, *(of if is_wanted else None for of, is_wanted in given), None, None, None
