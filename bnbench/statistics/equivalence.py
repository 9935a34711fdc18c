"""Equivalence: "no difference that matters" is a claim of its own, not a large p-value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy.typing as npt

from bnbench.statistics.any_time import any_time_interval
from bnbench.statistics.intervals import Interval, t_interval
from bnbench.statistics.samples import as_sample, mean_of, sd_of

ALPHA = 0.05
"""Level of each of the two tests, and of their conclusion."""


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided t-tests of paired differences against a margin.

    Attributes
    ----------
    margin : float
        Differences inside (-margin, margin) do not matter, declared beforehand.
    alpha : float
        `ALPHA`.
    p : float
        The larger of the two one-sided p-values, below 0.05 where equivalence is shown; NaN for
        n = 1, and where the interval has to hold at every number of seeds.
    interval : Interval
        Of confidence 0.9: equivalence is shown where it lies inside the margin.
    """

    n: int
    mean_difference: float
    margin: float
    alpha: float
    p: float
    interval: Interval

    @property
    def equivalent(self) -> bool:
        """Whether both tests reject; False, not "different", where they do not."""
        return -self.margin < self.interval.low and self.interval.high < self.margin


def equivalence_test(
    differences: npt.ArrayLike, *, margin: float, any_time: bool = False
) -> Equivalence:
    """Test whether the mean paired difference lies within ±margin (TOST).

    Parameters
    ----------
    differences : array_like of shape (n,)
        Treatment minus baseline, one per seed.
    margin : float
        In the unit of the differences.
    any_time : bool, default False
        Whether the interval has to hold at every number of seeds.

    Raises
    ------
    ValueError
        If `differences` is no sample, or `margin` not positive.

    Notes
    -----
    ``p = P(T >= (margin - |mean|) / (sd / sqrt(n)))`` with T of n - 1 degrees of freedom: the
    one-sided test against the nearer margin has the larger p. With sd 0 it is 0 where the
    mean is inside the margin, else 1.

    References
    ----------
    .. [1] D. Schuirmann, "A Comparison of the Two One-Sided Tests Procedure and the Power
       Approach for Assessing the Equivalence of Average Bioavailability", Journal of
       Pharmacokinetics and Biopharmaceutics 15(6), 1987.
    """
    if not margin > 0:
        raise ValueError(f"margin {margin} must be positive")
    sample = as_sample(differences)
    mean, error = mean_of(sample), sd_of(sample) / math.sqrt(sample.size)
    return Equivalence(
        n=sample.size,
        mean_difference=mean,
        margin=margin,
        alpha=ALPHA,
        p=math.nan if any_time else _upper_tail(margin - abs(mean), error, sample.size - 1),
        interval=(any_time_interval if any_time else t_interval)(sample, confidence=1 - 2 * ALPHA),
    )


def _upper_tail(distance: float, standard_error: float, df: int) -> float:
    """P(T >= distance / standard_error); NaN for df = 0."""
    if df == 0:
        return math.nan
    if standard_error == 0:
        return 0.0 if distance > 0 else 1.0
    from scipy.special import stdtr

    return float(stdtr(df, -distance / standard_error))
