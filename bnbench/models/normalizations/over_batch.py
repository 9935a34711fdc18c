"""What the normalizations over a batch that PyTorch lacks have in common."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from bnbench.models.layers import update_running_statistics


class OverBatch(_BatchNorm):
    """A batch normalization in plain operations, with PyTorch's parameters and running averages.

    Parameters
    ----------
    num_features, eps, momentum, affine
        As of `torch.nn.BatchNorm1d`.
    """

    def standardized(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """Normalize (N, C) or (N, C, H, W) by (1, C) or (1, C, 1, 1), without gamma and beta."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Normalize, scale and shift; in training mode, update the running averages."""
        mean, variance = self._of_batch(x) if self.training else self.running(x)
        y = self.standardized(x, mean, variance)
        if self.training:
            values = x.numel() // x.shape[1]  # of a channel
            update_running_statistics(self, mean.flatten(), variance.flatten(), values)
        if not self.affine:
            return y
        return y * channelwise(self.weight, x) + channelwise(self.bias, x)

    def _of_batch(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if x.numel() == x.shape[1]:
            raise ValueError("Expected more than 1 value per channel when training")
        over = [0, *range(2, x.dim())]
        variance, mean = torch.var_mean(x, over, correction=0, keepdim=True)
        return mean, variance

    def running(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The running mean and variance, in the shape that goes with `x`."""
        assert self.running_mean is not None
        assert self.running_var is not None
        return channelwise(self.running_mean, x), channelwise(self.running_var, x)

    def _check_input_dim(self, input: Tensor) -> None:
        """Take maps and features alike."""


def channelwise(values: Tensor, x: Tensor) -> Tensor:
    """Values (C,) in the shape that goes with `x`, (1, C) or (1, C, 1, 1)."""
    return values.view(1, -1, *(1,) * (x.dim() - 2))
