"""A network without a hidden layer, and one with a wide one."""

from torch import Tensor, nn

from bnbench.config import ModelSettings
from bnbench.models import Network, register


@register("WideLayer")
class WideLayer(Network):
    """One hidden layer of 64 units on 28 x 28 pixels."""

    image_size = 28
    hidden_layers = ("fc1",)
    activation = "relu"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.fc1 = self.hidden("fc1", nn.Linear(784 * settings.in_channels, 64))
        self.output = nn.Linear(64, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, 28, 28) to logits (N, K)."""
        logits: Tensor = self.output(self.fc1(images.flatten(1)))
        return logits
