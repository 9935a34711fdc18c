"""The second article's multilayer perceptron, with or without batch norm."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from bnbench.config import ModelSettings
from bnbench.errors import BnbenchError
from bnbench.models.architecture import Network, register

WIDTHS = (512, 256)  # the article's
MOST_WEIGHTS = 100_000_000  # 400 MB; Adam needs four times as much


@register("MLP")
@register("MLP_BatchNorm", normalized_layers=("fc1", "fc2"))
class MLP(Network):
    """Multilayer perceptron, by default 784-512-256-10 with ReLU, for digits of 28 x 28 pixels.

    Parameters
    ----------
    settings : ModelSettings
        Activation, widths of the hidden layers fc1, fc2, ..., their normalization, input channels.
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
    has_widths = True

    @classmethod
    def layers(cls, settings: ModelSettings) -> tuple[str, ...]:
        """Name the hidden layers: one a width."""
        return tuple(f"fc{place}" for place, _ in enumerate(settings.widths or WIDTHS, start=1))

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        features = settings.in_channels * 28 * 28
        _refuse_more([features, *(settings.widths or WIDTHS), num_classes])
        for name, width in zip(self.hidden_layers, settings.widths or WIDTHS, strict=True):
            setattr(self, name, self.hidden(name, nn.Linear(features, width)))
            features = width
        self.output = nn.Linear(features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, 28, 28) to logits (N, K)."""
        x = images.flatten(1)
        for name in self.hidden_layers:
            x = getattr(self, name)(x)
        logits: Tensor = self.output(x)
        return logits


def _refuse_more(features: Sequence[int]) -> None:
    """Refuse what would fill the memory before a number of it is trained."""
    weights = sum(inputs * outputs for inputs, outputs in pairwise(features))
    if weights > MOST_WEIGHTS:
        raise BnbenchError(
            f"has {weights:,} weights, and {MOST_WEIGHTS:,} are the most; set widths"
        )
