"""The fourth article's small convolutional network, with or without batch norm."""

from __future__ import annotations

from torch import Tensor, nn

from bnbench.config import ModelSettings
from bnbench.models.architecture import Network, in_order, register


@register("CNN")
@register("CNN_BatchNorm", normalized_layers=("conv1", "conv2"))
class CNN(Network):
    """Two 3 x 3 convolutions with ReLU and max pooling, for images of 32 x 32 pixels.

    Parameters
    ----------
    settings : ModelSettings
        Activation, input channels, and the batch norm of its hidden layers conv1 and conv2.
    num_classes : int, default 10
        Width K of the output layer.

    Notes
    -----
    With one input channel 320 + 18,496 + 40,970 = 59,786 parameters, with three 896 + 18,496 +
    40,970 = 60,362; batch norm adds 2 x 32 + 2 x 64 = 192. The article's code reshapes by a
    hard-wired size, which for images of 28 x 28 pixels in a batch of 64 gives 49 rows without an
    error; here each image keeps its row.
    """

    image_size = 32
    hidden_layers = ("conv1", "conv2")
    activation = "relu"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        first = nn.Conv2d(settings.in_channels, 32, 3, padding=1)
        self.conv1 = self.hidden("conv1", first, pool=nn.MaxPool2d(2))
        self.conv2 = self.hidden("conv2", nn.Conv2d(32, 64, 3, padding=1), pool=nn.MaxPool2d(2))
        self.output = nn.Linear(64 * 8 * 8, num_classes)

    @in_order
    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, 32, 32) to logits (N, K)."""
        x = self.conv1(images)  # (N, 32, 16, 16)
        x = self.conv2(x)  # (N, 64, 8, 8)
        logits: Tensor = self.output(x.flatten(1))
        return logits
