"""The second article's multilayer perceptron, with or without batch norm."""

from __future__ import annotations

from torch import Tensor, nn

from bnbench.config import ModelSettings
from bnbench.models.architecture import Network, register


@register("MLP")
@register("MLP_BatchNorm", normalized_layers=("fc1", "fc2"))
class MLP(Network):
    """Multilayer perceptron 784-512-256-10 with ReLU, for digits of 28 x 28 pixels.

    Parameters
    ----------
    settings : ModelSettings
        Activation, input channels, and the batch norm of its hidden layers fc1 and fc2.
    num_classes : int, default 10
        Width K of the output layer.

    Notes
    -----
    401,920 + 131,328 + 2,570 = 535,818 parameters; batch norm adds 2 x 512 + 2 x 256 = 1,536:
    537,354 [1]_. With batch norm before the activation the biases of fc1 and fc2 (768) have no
    effect, since the mean is subtracted again.

    References
    ----------
    .. [1] T. Madushanka, "Batch Normalization in Neural Networks", Medium, 2024.
    """

    image_size = 28
    hidden_layers = ("fc1", "fc2")
    activation = "relu"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.fc1 = self.hidden("fc1", nn.Linear(settings.in_channels * 28 * 28, 512))
        self.fc2 = self.hidden("fc2", nn.Linear(512, 256))
        self.output = nn.Linear(256, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, 28, 28) to logits (N, K)."""
        logits: Tensor = self.output(self.fc2(self.fc1(images.flatten(1))))
        return logits
