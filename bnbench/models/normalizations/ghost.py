"""Ghost batch normalization (Hoffer, Hubara and Soudry, 2017)."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from bnbench.config.schema import Float
from bnbench.models.layers import move_running_averages
from bnbench.models.normalizations.kind import Normalization, channels, register_normalization
from bnbench.models.normalizations.over_batch import OverBatch


@register_normalization("ghost")
class GhostBatchNormalization(Normalization):
    """Batch norm over parts of a batch, as if each part were a batch of its own.

    A batch of N is divided, in order, into ``N // ghost_batch`` parts. Their sizes differ by at
    most one; a smaller batch is one part. Each part has its own mean and variance. The running
    averages are updated once in each step, with the mean over the parts of their means and unbiased
    variances. (Hoffer et al. [1]_ update them once for each part, which at the same momentum makes
    the averages shorter; Wu and Johnson [2]_ discuss such choices.)

    References
    ----------
    .. [1] E. Hoffer, I. Hubara, D. Soudry, "Train longer, generalize better", arXiv 1705.08741,
       2017.
    .. [2] Y. Wu, J. Johnson, "Rethinking 'Batch' in BatchNorm", arXiv 2105.07576, 2021.
    """

    ghost_batch: Annotated[int, Field(ge=2)] = 16
    """Examples in a part; what is left of a batch is spread over the parts."""
    momentum: Annotated[Float, Field(gt=0, le=1)] = 0.1
    """Weight of the *new* batch in the running averages."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build the layer below."""
        return GhostBatchNorm(
            channels(affine), self.epsilon, self.momentum, self.affine, size=self.ghost_batch
        )


class GhostBatchNorm(OverBatch):
    """See `GhostBatchNormalization`."""

    def __init__(
        self, features: int, eps: float, momentum: float, affine: bool, *, size: int
    ) -> None:
        super().__init__(features, eps, momentum, affine)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Normalize (N, C) or (N, C, H, W) part by part."""
        if not self.training:
            return self._normalize(x, self.running_mean, self.running_var)
        parts = x.tensor_split(max(1, len(x) // self.size))
        # Not empty: the weight of what was there before is 0, and 0 times NaN is NaN.
        means = x.new_zeros(len(parts), self.num_features)
        variances = torch.ones_like(means)
        cut = zip(parts, means, variances, strict=True)
        y = torch.cat([self._normalize(part, mean, variance) for part, mean, variance in cut])
        move_running_averages(self, means.mean(0), variances.mean(0))
        return y

    def _normalize(self, x: Tensor, mean: Tensor | None, variance: Tensor | None) -> Tensor:
        """Normalize by `mean` and `variance`, or in training fill them with those of `x`."""
        return functional.batch_norm(
            x, mean, variance, self.weight, self.bias, self.training, momentum=1.0, eps=self.eps
        )
