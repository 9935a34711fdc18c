"""Two arms made comparable, at the seeds that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnbench.errors import BnbenchError
from bnbench.statistics.samples import FloatArray, as_sample

DIGITS = 12
"""Significant digits of a difference, counted from the larger of the values it is made of."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The values of both arms at the n seeds that they share, in the order of the seeds.

    Attributes
    ----------
    seeds : tuple of int
        The n shared seeds, ascending.
    treatment, baseline : array of shape (n,)
    """

    seeds: tuple[int, ...]
    treatment: FloatArray
    baseline: FloatArray

    @property
    def differences(self) -> FloatArray:
        """Treatment minus baseline per seed (n,), free of the subtraction's rounding noise.

        Accuracies are counts over 10,000, so 0.9981 - 0.9941 and 0.9904 - 0.9864 are equal on
        paper, but not in floats. Rounding to 12 digits makes them equal: ties are ties, and
        the deviation of a constant difference is zero.
        """
        largest = max(np.abs(self.treatment).max(), np.abs(self.baseline).max())
        if largest == 0:
            return np.zeros_like(self.treatment)
        decimals = int(np.clip(DIGITS - np.ceil(np.log10(largest)), -300, 300))
        return np.round(self.treatment - self.baseline, decimals) + 0.0  # no negative zero


def pair_by_seed(
    treatment: Mapping[int, float], baseline: Mapping[int, float], *, allow_infinite: bool = False
) -> Pairs:
    """Pair two arms by their seed.

    Parameters
    ----------
    treatment, baseline : mapping of int to float
        Seed -> value of one metric. Diverged runs are in it, at chance.
    allow_infinite : bool, default False
        For times, which are infinite where a threshold was never reached.

    Raises
    ------
    ValueError
        If a shared value is NaN, or infinite where that is not allowed.
    """
    seeds = tuple(sorted(treatment.keys() & baseline.keys()))
    if not seeds:
        raise BnbenchError(
            f"treatment ({_named(treatment)}) and baseline ({_named(baseline)}) share no seed; "
            "run both with the same seeds"
        )
    return Pairs(
        seeds=seeds,
        treatment=as_sample([treatment[s] for s in seeds], allow_infinite=allow_infinite),
        baseline=as_sample([baseline[s] for s in seeds], allow_infinite=allow_infinite),
    )


def _named(arm: Mapping[int, float]) -> str:
    """``seeds 0, 1, 2`` for an error message, cut after eight."""
    if not arm:
        return "no runs"
    first = ", ".join(str(seed) for seed in sorted(arm)[:8])
    return f"seeds {first}" + (", …" if len(arm) > 8 else "")
