"""Layer normalization (Ba, Kiros and Hinton, 2016)."""

from __future__ import annotations

from torch import nn

from bnbench.models.normalizations.kind import Normalization, channels, register_normalization


@register_normalization("layer")
class LayerNormalization(Normalization):
    """Each example by the mean and variance of all outputs of the layer for it.

    ``y = gamma * (x - mean) / sqrt(variance + epsilon) + beta``, with the biased variance over
    all channels, rows and columns. Each channel has its own gamma and beta, as in Wu and He [2]_:
    all pixels of a map share them, while Ba et al. [1]_ learn them for each pixel. For a linear
    layer both are the same.

    References
    ----------
    .. [1] J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer Normalization", arXiv 1607.06450, 2016.
    .. [2] Y. Wu, K. He, "Group Normalization", arXiv 1803.08494, 2018.
    """

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build PyTorch's group norm of one group."""
        return nn.GroupNorm(1, channels(affine), self.epsilon, self.affine)
