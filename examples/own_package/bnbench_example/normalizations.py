"""A normalization of one's own."""

from torch import Tensor, nn

from bnbench.models.normalizations import Normalization, register_normalization


@register_normalization("length")
class UnitLength(Normalization):
    """Each example by its length: ``y = x / sqrt(mean(x ** 2) + epsilon)``."""

    def layer(self, affine: nn.Conv2d | nn.Linear) -> nn.Module:
        """Build the layer below, which has no parameters."""
        return Length(self.epsilon)


class Length(nn.Module):
    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, ...) to the same shape."""
        squares = x.square().flatten(1).mean(1).view(-1, *(1,) * (x.dim() - 1))
        return x / (squares + self.epsilon).sqrt()
