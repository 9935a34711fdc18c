"""What a pass through a network, forward and back, leaves inside its layers."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from torch import Tensor, nn


class Gradient(NamedTuple):
    """Derivatives of the loss by a layer's weights, biases, and convolution or linear map.

    The last has the shape (units, n), with a map's images and pixels in any order.
    """

    weight: Tensor
    bias: Tensor | None
    output: Tensor


class Passage(Protocol):
    """The pass of a view's network in training mode on its images.

    It goes through a copy of the network, and stays what it is when a probe moves the network.
    """

    def pre_activation(self, name: str) -> Tensor:
        """Look up a `sample` (units, n) of what a hidden layer's activation function was given."""

    def after(self, name: str) -> Tensor:
        """Look up a `sample` (units, n) of what the layer after a hidden one was given."""

    def activated(self, name: str) -> Tensor:
        """Look up all that a hidden layer's activation function gave, in any order."""

    @property
    def gradients(self) -> dict[str, Gradient]:
        """The derivatives of each hidden layer and of ``output``."""


def affine_of(module: nn.Module) -> nn.Conv2d | nn.Linear:
    """Find the convolution or linear layer that a hidden layer has, or that the output is."""
    part = getattr(module, "affine", module)
    assert isinstance(part, nn.Conv2d | nn.Linear)
    return part
