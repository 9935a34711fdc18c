"""No normalization, by a name that a grid can name beside the others."""

from __future__ import annotations

from torch import nn

from bnbench.models.normalizations.kind import Normalization, register_normalization


@register_normalization("none")
class NoNormalization(Normalization):
    """No normalization, ``y = x``: the same network as without the section."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:  # noqa: ARG002
        """Build a layer that does nothing, and has no parameters."""
        return nn.Identity()
