"""What a layer does after its convolution, by name, and by the numbers that the loops know."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

NO_ACTIVATION, TANH, RELU, SIGMOID = range(4)
NO_POOL, AVERAGE, MAXIMUM = range(3)
NEVER, FIRST, LAST = range(3)

ACTIVATIONS = {"none": NO_ACTIVATION, "tanh": TANH, "relu": RELU, "sigmoid": SIGMOID}
POOLS = {"none": NO_POOL, "average": AVERAGE, "maximum": MAXIMUM}
NORMALIZES = {"never": NEVER, "first": FIRST, "last": LAST}


@dataclass(frozen=True)
class Recipe:
    """What a layer does after its convolution.

    Attributes
    ----------
    padding : int
        Zeros around the maps that come in.
    activation : str
        A name of `ACTIVATIONS`.
    pool : str
        A name of `POOLS`, of blocks of 2 x 2.
    normalizes : str
        A name of `NORMALIZES`: never, before the activation, or after it and before the pool.
    """

    padding: int
    activation: str
    pool: str
    normalizes: str
    epsilon: float = 0.0

    @cached_property
    def numbers(self) -> tuple[int, int, int, int, int]:
        """What a `bnbench.kernels.job.Job` calls these, epsilon by the bits of a float64."""
        (epsilon,) = struct.unpack("q", struct.pack("d", self.epsilon))
        return (
            self.padding, ACTIVATIONS[self.activation], POOLS[self.pool],
            NORMALIZES[self.normalizes], epsilon,
        )  # fmt: skip

    def maps_of(self, x: Tensor, weight: Tensor) -> tuple[int, int]:
        """Height and width of the maps after the convolution; of a linear layer, 1 and 1."""
        if x.dim() == 2:
            return 1, 1
        grown = 2 * self.padding - weight.shape[2] + 1
        return x.shape[2] + grown, x.shape[3] + grown
