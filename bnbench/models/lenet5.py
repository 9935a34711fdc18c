"""LeNet-5 as the first article writes it, with or without batch norm."""

from __future__ import annotations

from torch import Tensor, nn

from bnbench.config import ModelSettings
from bnbench.models.architecture import Network, in_order, register
from bnbench.models.layers import AveragePool


@register("LeNet5")
@register("LeNet5_BatchNorm", normalized_layers=("C1", "C3"))
class LeNet5(Network):
    """LeNet-5 for digits of 32 x 32 pixels.

    Parameters
    ----------
    settings : ModelSettings
        Activation, input channels, and the batch norm of its hidden layers C1, C3, F5, F6.
    num_classes : int, default 10
        Width K of the output layer.

    Notes
    -----
    ====== =============================== ============ ========== ============
    layer  operation                       output       parameters + batch norm
    ====== =============================== ============ ========== ============
    input                                  1 x 32 x 32           0
    C1     5 x 5 convolution, tanh         6 x 28 x 28         156           12
    S2     2 x 2 average pooling           6 x 14 x 14           0
    C3     5 x 5 convolution, tanh         16 x 10 x 10      2,416           32
    S4     2 x 2 average pooling           16 x 5 x 5            0
    F5     linear 400 -> 120, tanh         120              48,120          240
    F6     linear 120 -> 84, tanh          84               10,164          168
    output linear 84 -> K                  K                   850
    ====== =============================== ============ ========== ============

    61,706 parameters. The article normalizes C1 and C3, which adds a gamma and a beta a map:
    61,750; all four hidden layers make 62,158. Unlike LeCun et al. [1]_, C3 sees all maps of S2,
    pooling has no trainable coefficients, and the output is linear. `forward` returns logits:
    the softmax that the article [2]_ puts in front of the cross-entropy is a setting of the
    training.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to
       Document Recognition", Proceedings of the IEEE 86(11), 1998.
    .. [2] O. Olu-Ipinlaye, "Batch Normalization in Convolutional Neural Networks", Paperspace
       blog.

    Examples
    --------
    >>> model = LeNet5(ModelSettings(name="LeNet5"))
    >>> sum(parameter.numel() for parameter in model.parameters())
    61706
    """

    image_size = 32
    hidden_layers = ("C1", "C3", "F5", "F6")
    activation = "tanh"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.C1 = self.hidden("C1", nn.Conv2d(settings.in_channels, 6, 5), pool=AveragePool())
        self.C3 = self.hidden("C3", nn.Conv2d(6, 16, 5), pool=AveragePool())
        self.F5 = self.hidden("F5", nn.Linear(16 * 5 * 5, 120))
        self.F6 = self.hidden("F6", nn.Linear(120, 84))
        self.output = nn.Linear(84, num_classes)

    @in_order
    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, 32, 32) to logits (N, K)."""
        s2 = self.C1(images)  # (N, 6, 14, 14)
        s4 = self.C3(s2)  # (N, 16, 5, 5)
        logits: Tensor = self.output(self.F6(self.F5(s4.flatten(1))))
        return logits
