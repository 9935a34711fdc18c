"""The scaling formulas of the first and the last article, on the toy data that they name."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from bnbench.checks.registry import exact
from bnbench.claims import Check

SAMPLES, DRAWS = 20_000, 50
LARGEST = 20.0


@exact
def uniform_draws_from_5_to_10() -> Check:
    """Measure the mean share of 50 uniform draws up to 20 that lie from 5 to 10."""
    draws = _draws()
    inside = ((draws >= 5) & (draws <= 10)).mean(axis=1)
    more_than_half = range(DRAWS // 2 + 1, DRAWS + 1)
    chance = sum(comb(DRAWS, k) * 3 ** (DRAWS - k) for k in more_than_half) / 4**DRAWS
    why = f"more than half of {DRAWS} draws has a probability of {chance:.2g}"
    return Check("mean share", float(inside.mean()), claimed=0.75, tolerance=0.25, why=why)


@exact
def reach_of_z_scores() -> Check:
    """Measure how far from 0 the z-scores of such draws reach, in the mean over samples."""
    draws = _draws()
    z = (draws - draws.mean(axis=1, keepdims=True)) / draws.std(axis=1, keepdims=True)
    reach = (z.max(axis=1) - z.min(axis=1)) / 2
    return Check("half of the mean range", float(reach.mean()), claimed=1.5, tolerance=0.1)


@exact
def smallest_value_of_the_printed_formula() -> Check:
    """Measure the smallest (x - mean) / (max - min) of evenly spread data."""
    why = "the formula subtracts the mean, not the smallest value"
    return Check("smallest value", float(_printed_formula().min()), 0.0, 0.01, why)


@exact
def largest_value_of_the_printed_formula() -> Check:
    """Measure the largest (x - mean) / (max - min) of evenly spread data."""
    return Check("largest value", float(_printed_formula().max()), claimed=1.0, tolerance=0.01)


def _draws() -> NDArray[np.float64]:
    return np.random.default_rng(0).uniform(0, LARGEST, (SAMPLES, DRAWS))


def _printed_formula() -> NDArray[np.float64]:
    x = np.linspace(0, LARGEST, 1001)
    scaled: NDArray[np.float64] = (x - x.mean()) / (x.max() - x.min())
    return scaled
