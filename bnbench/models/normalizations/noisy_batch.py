"""Batch normalization with noise put in after it (Santurkar et al., 2018)."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from bnbench.config.schema import Float
from bnbench.models.layers import BatchNormMaps
from bnbench.models.normalizations.kind import Normalization, channels, register_normalization


@register_normalization("noisy_batch")
class NoisyBatchNormalization(Normalization):
    """Batch norm whose outputs shift at random from step to step (algorithm 1 of the paper).

    At each step of training, for each channel j::

        mu_j ~ U(-shift, shift)       sigma_j ~ U(1, scale)

    and for each value a_ij of the channel::

        m_ij ~ U(mu_j - spread, mu_j + spread)       s_ij ~ N(sigma_j, spread)
        a_ij <- s_ij * a_ij + m_ij

    In maps, rows and columns count as examples. The paper does not say whether its r_sigma is a
    standard deviation or a variance; here it is a standard deviation. Evaluation has no noise.

    References
    ----------
    .. [1] S. Santurkar, D. Tsipras, A. Ilyas, A. Madry, "How Does Batch Normalization Help
       Optimization?", arXiv 1805.11604, 2018.
    """

    momentum: Annotated[Float, Field(gt=0, le=1)] = 0.1
    """Weight of the *new* batch in the running averages (PyTorch's convention)."""
    shift: Annotated[Float, Field(ge=0)] = 0.5
    """Largest shift of a channel's mean, in standard deviations of the channel."""
    scale: Annotated[Float, Field(ge=1)] = 1.25
    """Largest factor of a channel's standard deviation."""
    spread: Annotated[Float, Field(ge=0)] = 0.1
    """Additional noise of the single values within a channel."""
    normalized: bool = True
    """Normalize before the noise; false: add the noise only."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build batch norm, or nothing, and the noise behind it."""
        noise = ChannelNoise(self.shift, self.scale, self.spread)
        if not self.normalized:
            return noise
        kind = nn.BatchNorm1d if isinstance(affine, nn.Linear) else BatchNormMaps
        norm = kind(channels(affine), self.epsilon, self.momentum, affine=self.affine)
        return nn.Sequential(norm, noise)


class ChannelNoise(nn.Module):
    """See `NoisyBatchNormalization`; it draws from PyTorch's global stream."""

    def __init__(self, shift: float, scale: float, spread: float) -> None:
        super().__init__()
        self.shift, self.scale, self.spread = shift, scale, spread

    def forward(self, x: Tensor) -> Tensor:
        """Put noise into (N, C) or (N, C, H, W) in training mode."""
        if not self.training:
            return x
        of_channel = x.new_empty((1, x.shape[1], *(1,) * (x.dim() - 2)))
        mean = torch.empty_like(of_channel).uniform_(-self.shift, self.shift)
        deviation = torch.empty_like(of_channel).uniform_(1, self.scale)
        shifts = mean + torch.empty_like(x).uniform_(-self.spread, self.spread)
        scales = deviation + self.spread * torch.randn_like(x)
        return scales * x + shifts
