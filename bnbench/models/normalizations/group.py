"""Group normalization (Wu and He, 2018)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from bnbench.models.normalizations.kind import Normalization, channels, register_normalization


@register_normalization("group")
class GroupNormalization(Normalization):
    """Each group of channels of each example by its own mean and variance.

    There are `groups` groups of C / groups channels. The mean and the biased variance are taken
    over a group's channels, rows and columns; each channel has its own gamma and beta::

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    It is the same in training and evaluation, and for every batch size.

    References
    ----------
    .. [1] Y. Wu, K. He, "Group Normalization", arXiv 1803.08494, 2018.
    """

    groups: Annotated[int, Field(ge=1)] = 2
    """Groups; their number must divide the channels of each normalized layer (LeNet-5: 6, 16)."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build PyTorch's layer."""
        size = channels(affine)
        if size % self.groups:
            raise ValueError(
                f"{self.groups} groups do not divide its {size} channels; choose another number"
            )
        if isinstance(affine, nn.Linear) and size == self.groups:
            raise ValueError("a group of one feature is always 0; choose fewer groups")
        return nn.GroupNorm(self.groups, size, self.epsilon, self.affine)
