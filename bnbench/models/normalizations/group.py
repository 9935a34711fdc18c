"""Group normalization (Wu and He, 2018)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from torch import nn

from bnbench.models.normalizations.kind import Normalization, channels, register_normalization


@register_normalization("group")
class GroupNormalization(Normalization):
    """Each example by itself, each of `groups` groups of its channels by its mean and variance.

    Over the C / groups channels of a group, and the rows and columns of their maps, with the
    biased variance; gamma and beta are a channel's::

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Training and evaluation are the same, and so is every size of the batch.

    References
    ----------
    .. [1] Y. Wu, K. He, "Group Normalization", arXiv 1803.08494, 2018.
    """

    groups: Annotated[int, Field(ge=1)] = 2
    """Has to divide the channels of every normalized layer: 6 and 16 of LeNet-5's."""

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
