"""Speed: how much sooner one arm reaches a level than the other.

Infinite times have no mean, so that everything here counts and ranks: medians, ratios of
medians, wins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnbench.statistics.any_time import any_time_median_interval
from bnbench.statistics.intervals import Interval, wilson_interval
from bnbench.statistics.pairing import Pairs, pair_by_seed
from bnbench.statistics.permutation import sign_test_p
from bnbench.statistics.samples import FloatArray
from bnbench.statistics.time_to_accuracy import median_time


@dataclass(frozen=True, slots=True)
class SpeedUp:
    """How much sooner the treatment arrives than the baseline, over n shared seeds.

    Attributes
    ----------
    seeds : tuple of int
        The n shared seeds, ascending; all numbers below are of these alone.
    treatment_median, baseline_median : float
        Infinite where half of the runs or more never arrive.
    treatment_never, baseline_never : int
        Seeds at which the arm never arrives.
    ratio : float
        Baseline median / treatment median: above 1 the treatment is faster, infinite where only
        the treatment's median arrives, NaN where neither does.
    interval : Interval
        95 % percentile bootstrap of the ratio over seeds, NaN for n = 1; see `speed_up` on one that
        holds at every number of seeds.
    sign_test_p : float
        Two-sided, over the seeds without ties (never against never is a tie).
    win_probability : float
        Share of seeds at which the treatment arrives first, a tie counting half.
    win_interval : Interval
        Its 95 % Wilson interval.
    """

    seeds: tuple[int, ...]
    treatment_median: float
    baseline_median: float
    treatment_never: int
    baseline_never: int
    ratio: float
    interval: Interval
    sign_test_p: float
    win_probability: float
    win_interval: Interval

    @property
    def n(self) -> int:
        """Number of shared seeds."""
        return len(self.seeds)


def speed_up(
    treatment: Mapping[int, float],
    baseline: Mapping[int, float],
    *,
    resamples: int = 10_000,
    any_time: bool = False,
) -> SpeedUp:
    """Compare the times of two arms by medians, and seed by seed.

    Parameters
    ----------
    treatment, baseline : mapping of int to float
        Seed -> epochs or seconds to one threshold, infinite where never reached.
    any_time : bool, default False
        Whether the sign test and the interval have to hold at every number of seeds.

    Raises
    ------
    ValueError
        If a time is NaN.

    Notes
    -----
    The ratio is that of the baseline's median to the treatment's: infinite where only the
    treatment's is finite, 0 where only the baseline's is, NaN where neither is (or both are 0).

    The interval resamples seeds, both arms together. A resample in which neither median is finite
    has no ratio. It counts as 0 for the lower end and as infinity for the upper end, so it can only
    widen the interval. The ends are resampled ratios and are never interpolated, since a number and
    infinity have nothing between them.

    With `any_time` the interval holds the ratios of all medians in their own 97.5 % intervals
    (`any_time_median_interval`): both of these hold together in 95 %.
    """
    pairs = pair_by_seed(treatment, baseline, allow_infinite=True)
    wins = int(np.count_nonzero(pairs.treatment < pairs.baseline))
    losses = int(np.count_nonzero(pairs.treatment > pairs.baseline))
    n, fast, slow = len(pairs.seeds), median_time(pairs.treatment), median_time(pairs.baseline)
    score = wins + (n - wins - losses) / 2
    return SpeedUp(
        seeds=pairs.seeds,
        treatment_median=fast,
        baseline_median=slow,
        treatment_never=int(np.count_nonzero(np.isinf(pairs.treatment))),
        baseline_never=int(np.count_nonzero(np.isinf(pairs.baseline))),
        ratio=float(_ratio(np.array(slow), np.array(fast))),
        interval=_any_time_interval(pairs) if any_time else _ratio_interval(pairs, resamples),
        sign_test_p=sign_test_p(wins, losses, any_time=any_time),
        win_probability=score / n,
        win_interval=wilson_interval(score, n),
    )


def _ratio(baseline: FloatArray, treatment: FloatArray) -> FloatArray:
    """Baseline / treatment, elementwise; inf / inf and 0 / 0 are NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(baseline / treatment)


def _any_time_interval(pairs: Pairs) -> Interval:
    """The interval of the ratio of medians that holds at every number of seeds."""
    (slow_low, slow_high), (fast_low, fast_high) = (
        any_time_median_interval(times, confidence=0.975)
        for times in (pairs.baseline, pairs.treatment)
    )
    ends = _ratio(np.array([slow_low, slow_high]), np.array([fast_high, fast_low]))
    low, high = np.where(np.isnan(ends), [0.0, np.inf], ends)
    return Interval(float(low), float(high), "any-time medians")


def _ratio_interval(pairs: Pairs, resamples: int) -> Interval:
    """The 95 % percentile interval of the ratio of medians over resampled seeds."""
    name, n = "percentile bootstrap", len(pairs.seeds)
    if n == 1:
        return Interval(math.nan, math.nan, name)
    picks = np.random.default_rng(0).integers(0, n, size=(resamples, n))
    ratios = _ratio(
        np.median(pairs.baseline[picks], axis=1), np.median(pairs.treatment[picks], axis=1)
    )
    undefined = np.isnan(ratios)
    low = np.quantile(np.where(undefined, 0.0, ratios), 0.025, method="inverted_cdf")
    high = np.quantile(np.where(undefined, np.inf, ratios), 0.975, method="inverted_cdf")
    return Interval(float(low), float(high), name)
