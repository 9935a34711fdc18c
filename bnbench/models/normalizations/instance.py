"""Instance normalization (Ulyanov, Vedaldi and Lempitsky, 2016)."""

from __future__ import annotations

from torch import nn

from bnbench.models.normalizations.kind import Normalization, register_normalization


@register_normalization("instance")
class InstanceNormalization(Normalization):
    """Each map of each example by its own mean and biased variance.

    ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, over rows and columns. It removes
    how strongly a map responds to an image, and keeps where it responds.

    References
    ----------
    .. [1] D. Ulyanov, A. Vedaldi, V. Lempitsky, "Instance Normalization: The Missing Ingredient
       for Fast Stylization", arXiv 1607.08022, 2016.
    """

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build PyTorch's layer."""
        if isinstance(affine, nn.Linear):
            raise ValueError(
                "instance norm needs maps, and this layer gives one value a feature;"
                " name convolutions in layers"
            )
        return nn.InstanceNorm2d(affine.out_channels, self.epsilon, affine=self.affine)
