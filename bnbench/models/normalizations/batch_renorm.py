"""Batch renormalization (Ioffe, 2017)."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from bnbench.config.schema import Float
from bnbench.models.normalizations.kind import Normalization, channels, register_normalization
from bnbench.models.normalizations.over_batch import OverBatch


@register_normalization("batch_renorm")
class BatchRenormalization(Normalization):
    """Batch norm whose output in training is close to what the running averages would give.

    m and s are the mean and the standard deviation of the batch, M and S those of the running
    averages before this step, with s = sqrt(variance + epsilon) and S likewise::

        y = gamma * ((x - m) / s * r + d) + beta
        r = s / S, not below 1 / most_scale and not above most_scale
        d = (m - M) / S, not below -most_shift and not above most_shift

    The gradient treats r and d as constants. Over the first `warm_up_steps` the bounds grow in
    proportion to the steps, from 1 and 0, which is batch norm. The running averages are of the mean
    and of the unbiased variance, as PyTorch's; Ioffe averages the standard deviation.

    References
    ----------
    .. [1] S. Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in
       Batch-Normalized Models", arXiv 1702.03275, 2017.
    """

    momentum: Annotated[Float, Field(gt=0, le=1)] = 0.01
    """Weight of the *new* batch in the running averages; Ioffe's."""
    most_scale: Annotated[Float, Field(ge=1)] = 3.0
    """Largest r, in the formula of methods.md."""
    most_shift: Annotated[Float, Field(ge=0)] = 5.0
    """Largest d, likewise."""
    warm_up_steps: Annotated[int, Field(ge=0, le=1_000_000_000)] = 1000
    """Steps over which the bounds grow; a little more than an epoch of MNIST in batches of 64."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build the layer below."""
        return BatchRenorm(channels(affine), self)


class BatchRenorm(OverBatch):
    """See `BatchRenormalization`."""

    def __init__(self, features: int, settings: BatchRenormalization) -> None:
        super().__init__(features, settings.epsilon, settings.momentum, settings.affine)
        self.settings = settings

    def standardized(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """Normalize by the batch, and correct towards the running averages."""
        y = (x - mean) * (variance + self.eps).rsqrt()
        if not self.training:
            return y
        r, d = self._correction(x, mean, variance)
        return y * r + d

    @torch.no_grad()
    def _correction(self, x: Tensor, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """The constants r and d, (1, C) or (1, C, 1, 1)."""
        running_mean, running_variance = self.running(x)
        deviation = (running_variance + self.eps).sqrt()
        most_scale, most_shift = self._bounds()
        r = ((variance + self.eps).sqrt() / deviation).clamp(1 / most_scale, most_scale)
        d = ((mean - running_mean) / deviation).clamp(-most_shift, most_shift)
        return r, d

    def _bounds(self) -> tuple[Tensor, Tensor]:
        """The largest r and d at this step; the count stays on the device."""
        assert self.num_batches_tracked is not None
        share = (self.num_batches_tracked / max(1, self.settings.warm_up_steps)).clamp(max=1)
        if self.settings.warm_up_steps == 0:
            share = torch.ones_like(share)
        return 1 + share * (self.settings.most_scale - 1), share * self.settings.most_shift
