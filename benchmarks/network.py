"""LeNet-5 in PyTorch's own modules, as people write it."""

from __future__ import annotations

from torch import nn


def lenet5(*, batch_norm: bool = False) -> nn.Sequential:
    """Map images (N, 1, 32, 32) to logits (N, 10); batch norm after the tanh."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.Tanh(),
        nn.BatchNorm2d(6) if batch_norm else nn.Identity(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.BatchNorm2d(16) if batch_norm else nn.Identity(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )
