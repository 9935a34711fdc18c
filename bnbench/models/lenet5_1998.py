"""LeNet-5 as LeCun, Bottou, Bengio and Haffner describe it in 1998."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnbench.config import ModelSettings
from bnbench.models.architecture import Network, register

CONNECTED = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""The maps of S2 that each of the 16 maps of C3 sees: the article's table I."""


class TableConvolution(nn.Conv2d):
    """A convolution each of whose maps sees some of the maps before it.

    Parameters
    ----------
    table : sequence of sequences of int
        For each map, the input maps that it sees: K pairs in all.

    Notes
    -----
    `weight` is (K, 1, k, k): a kernel a pair, in the order of the table. It starts uniform within
    1 / sqrt(inputs of the map), as PyTorch's own convolutions do; ``xavier_uniform`` takes the
    fans of a tensor of this shape.
    """

    def __init__(self, table: tuple[tuple[int, ...], ...], kernel_size: int) -> None:
        seen = 1 + max(max(row) for row in table)
        super().__init__(seen, len(table), kernel_size)
        pairs = [(place, input_map) for place, row in enumerate(table) for input_map in row]
        inputs = [kernel_size**2 * len(table[place]) for place, _ in pairs]
        scale = torch.tensor(inputs).view(-1, 1, 1, 1) ** -0.5
        kernels = torch.empty(len(pairs), 1, kernel_size, kernel_size).uniform_(-1, 1)
        self.weight = nn.Parameter(kernels * scale)
        self.register_buffer("pairs", torch.tensor(pairs).T, persistent=False)
        self.pairs: Tensor

    def forward(self, input: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W'), with zeros for the pairs that are not there."""
        to, seen = self.pairs
        whole = self.weight.new_zeros(self.out_channels, self.in_channels, *self.kernel_size)
        whole = whole.index_put((to, seen), self.weight.squeeze(1))
        return functional.conv2d(input, whole, self.bias)


class Subsampling(nn.Module):
    """The sum of each 2 x 2 block, times a coefficient and plus a bias of its map."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((maps,), 0.25))  # begins as the average
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, H/2, W/2)."""
        sums = 4 * functional.avg_pool2d(x, 2)
        return sums * self.coefficient.view(-1, 1, 1) + self.bias.view(-1, 1, 1)


@register("LeNet5_1998")
@register("LeNet5_1998_BatchNorm", normalized_layers=("C1", "C3"))
class LeNet51998(Network):
    """LeNet-5 with its connection table, trainable subsampling and scaled tanh.

    Parameters
    ----------
    settings : ModelSettings
        Activation, input channels, and the normalization of its hidden layers C1, C3, C5, F6.
    num_classes : int, default 10
        Width K of the output layer.

    Notes
    -----
    ====== ====================================== ============ ==========
    layer  operation                              output       parameters
    ====== ====================================== ============ ==========
    C1     5 x 5 convolution                      6 x 28 x 28         156
    S2     2 x 2 sums, coefficient and bias       6 x 14 x 14          12
    C3     5 x 5 convolution by table I           16 x 10 x 10      1,516
    S4     2 x 2 sums, coefficient and bias       16 x 5 x 5           32
    C5     5 x 5 convolution, all maps            120              48,120
    F6     linear 120 -> 84                       84               10,164
    output linear 84 -> K                         K                   850
    ====== ====================================== ============ ==========

    60,000 parameters up to F6, as in the article [1]_, whose output layer measures distances from
    fixed bitmaps of the digits and has none; here it is linear, for the cross-entropy that every
    experiment is trained with. The squashing function is 1.7159 tanh(2x / 3), after C1, C3, C5 and
    F6 and, as there, after the subsampling too.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to
       Document Recognition", Proceedings of the IEEE 86(11), 1998.
    """

    image_size = 32
    hidden_layers = ("C1", "C3", "C5", "F6")
    activation = "scaled_tanh"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.C1 = self.hidden("C1", nn.Conv2d(settings.in_channels, 6, 5))
        self.S2 = Subsampling(6)
        self.C3 = self.hidden("C3", TableConvolution(CONNECTED, 5))
        self.S4 = Subsampling(16)
        self.C5 = self.hidden("C5", nn.Conv2d(16, 120, 5))
        self.F6 = self.hidden("F6", nn.Linear(120, 84))
        self.output = nn.Linear(84, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, 32, 32) to logits (N, K)."""
        squash = self.C1.activation
        s2 = squash(self.S2(self.C1(images)))  # (N, 6, 14, 14)
        s4 = squash(self.S4(self.C3(s2)))  # (N, 16, 5, 5)
        logits: Tensor = self.output(self.F6(self.C5(s4).flatten(1)))
        return logits
