"""What a layer's loops are told: where its arrays lie, and their sizes; all of it whole numbers.

A job is a row of numbers in memory, so that the threads of a team can read it.
"""

from __future__ import annotations

from typing import NamedTuple


class Job(NamedTuple):
    """One layer, forward or backward.

    Attributes
    ----------
    source, weight, bias : int
        Addresses of (C, H, W, N), backward with the zeros around it, (O, C, K, K), and (O,) or 0.
    y, activated, pooled, places : int
        Of the maps after the convolution (O, H', W', N), the activated ones (the same without
        batch norm), the pooled ones, and which of four was the maximum, row by row.
    gamma, beta, mean, variance, inverse : int
        Of batch norm (O,), or 0; mean and variance are written, or read where they are frozen.
    moments : int
        Of room for each row's mean and sum of squared deviations (2, O, H'), float64.
    above, room : int
        Of the gradient of the result, and of room for that of the maps (O, H', W', N).
    of_weight, of_bias, of_gamma, of_beta, of_source : int
        Of the gradients; 0 for one that is not wanted. That of the weights holds zeros at first.
    channels, height, width, maps, rows, columns, side, examples : int
        C, H, W, O, H', W', K, N; a linear layer has maps of one pixel.
    frozen, padding, activation, pool, normalizes : int
        See `bnbench.kernels.recipe`.
    epsilon : int
        The bits of a float64.
    """

    source: int = 0
    weight: int = 0
    bias: int = 0
    y: int = 0
    activated: int = 0
    pooled: int = 0
    places: int = 0
    gamma: int = 0
    beta: int = 0
    mean: int = 0
    variance: int = 0
    inverse: int = 0
    moments: int = 0
    above: int = 0
    room: int = 0
    of_weight: int = 0
    of_bias: int = 0
    of_gamma: int = 0
    of_beta: int = 0
    of_source: int = 0
    channels: int = 1
    height: int = 1
    width: int = 1
    maps: int = 1
    rows: int = 1
    columns: int = 1
    side: int = 1
    examples: int = 1
    frozen: int = 0
    padding: int = 0
    activation: int = 0
    pool: int = 0
    normalizes: int = 0
    epsilon: int = 0


FIELDS = len(Job._fields)
