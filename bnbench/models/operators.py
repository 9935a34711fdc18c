"""Operators that PyTorch has, but slowly, on one CPU thread: the same function, other kernels.

Measured on one thread for the 64 x 6 x 28 x 28 maps of LeNet-5's first layer (torch 2.15), forward:
``torch.tanh`` takes six times, ``avg_pool2d`` three times and ``batch_norm`` in training more than
twice as long as these. On other devices the originals run.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# N examples, C maps, H rows, W columns


def is_recorded() -> bool:
    """Tell whether a network is being exported or compiled: then it is PyTorch's operators."""
    return torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None


class _FastTanh(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        y = (x + x).sigmoid_()  # in place: passes over memory are what it costs
        torch.add(_minus_one(y.dtype), y, alpha=2, out=y)
        context.save_for_backward(y)
        return y

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (y,) = context.saved_tensors
        input_gradient: Tensor = torch.ops.aten.tanh_backward(gradient, y)
        return input_gradient


@cache
def _minus_one(dtype: torch.dtype) -> Tensor:
    return torch.full((), -1.0, dtype=dtype)


def tanh(x: Tensor) -> Tensor:
    """Compute the hyperbolic tangent, on the CPU as ``2 sigmoid(2x) - 1``.

    Parameters
    ----------
    x : Tensor, any shape, floating point

    Returns
    -------
    Tensor, shape of `x`
        Within 3e-7 of ``torch.tanh`` in float32. A value near 0 carries that absolute error too,
        which no trained unit notices.
    """
    if x.device.type != "cpu" or is_recorded():
        return torch.tanh(x)
    y: Tensor = _FastTanh.apply(x)
    return y


class _FastAveragePool(torch.autograd.Function):
    @staticmethod
    def forward(_context: Any, x: Tensor) -> Tensor:
        pooled = x[..., ::2, ::2] + x[..., ::2, 1::2]
        pooled += x[..., 1::2, ::2]
        pooled += x[..., 1::2, 1::2]
        return pooled.mul_(0.25)

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        *rest, height, width = gradient.shape
        rows = gradient.reshape(-1, width) @ _spread(width, gradient.dtype)  # two rows in one
        return rows.view(*rest, 2 * height, 2 * width)


@cache
def _spread(width: int, dtype: torch.dtype) -> Tensor:
    """Build the matrix that makes two rows of an input's gradient from one of the pooled one.

    Each value is written twice, in both rows, times 1/4; as a matrix product that is three times
    faster than any strided copy.
    """
    twice = torch.eye(width, dtype=dtype).repeat_interleave(2, dim=1).mul_(0.25)
    return twice.repeat(1, 2)  # (W/2, 2 W)


def average_pool_2x2(x: Tensor) -> Tensor:
    """Average each 2 x 2 block.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W), H and W even

    Returns
    -------
    Tensor, shape (N, C, H/2, W/2)
    """
    if x.device.type != "cpu" or is_recorded():
        return functional.avg_pool2d(x, 2)
    y: Tensor = _FastAveragePool.apply(x)
    return y


class _FastBatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        context: Any, x: Tensor, weight: Tensor, bias: Tensor, epsilon: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        count = x.numel() // x.shape[1]
        mean = x.sum((0, 2, 3)) / count  # (C,)
        # batch_norm in evaluation mode is the fastest affine map by channel that PyTorch has.
        # It asks for a positive epsilon: with these two, 1 - 2^-20 + 2^-20 is exactly 1.
        almost_one = torch.full_like(mean, 1 - 2**-20)
        centred = functional.batch_norm(x, mean, almost_one, eps=2**-20)
        variance = centred.flatten(2).square().sum((0, 2)) / count  # biased, (C,)
        y = functional.batch_norm(
            centred, torch.zeros_like(mean), variance, weight, bias, eps=epsilon
        )
        context.save_for_backward(x, weight, mean, torch.rsqrt(variance + epsilon))
        context.epsilon = epsilon
        context.mark_non_differentiable(mean, variance)
        return y, mean, variance

    @staticmethod
    def backward(context: Any, gradient: Tensor, *_: Tensor) -> Any:
        x, weight, mean, inverse_deviation = context.saved_tensors
        gradients = torch.ops.aten.native_batch_norm_backward(
            gradient.contiguous(), x, weight, None, None, mean, inverse_deviation,
            True, context.epsilon, [True, True, True],
        )  # fmt: skip
        return *gradients, None


def batch_norm_training(
    x: Tensor, weight: Tensor, bias: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize each map by the batch's own statistics, on the CPU.

    Parameters
    ----------
    x : Tensor, shape (N, C, H, W)
    weight, bias : Tensor, shape (C,)
        gamma and beta.

    Returns
    -------
    y : Tensor, shape (N, C, H, W)
        ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``.
    mean, variance : Tensor, shape (C,)
        Of the batch, the variance biased; no gradient flows through them.
    """
    result: tuple[Tensor, Tensor, Tensor] = _FastBatchNorm.apply(x, weight, bias, epsilon)
    return result
