"""The paired contrast: treatment against baseline on one metric, seed by seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bnbench.statistics.any_time import (
    any_time_interval,
    any_time_sign_flip_p,
    n_for_any_time,
)
from bnbench.statistics.intervals import (
    Interval,
    bootstrap_interval,
    t_interval,
    wilson_interval,
)
from bnbench.statistics.pairing import Pairs, pair_by_seed
from bnbench.statistics.permutation import sign_flip_p, wilcoxon_p
from bnbench.statistics.power import n_for_paired_t, smallest_detectable_effect
from bnbench.statistics.samples import FloatArray, mean_of, sd_of


@dataclass(frozen=True, slots=True)
class Contrast:
    """What n shared seeds say of treatment minus baseline, in the unit of the metric.

    Attributes
    ----------
    seeds : tuple of int
        The n shared seeds, ascending; all numbers below are of these alone.
    differences : tuple of float
        Treatment minus baseline, one per seed.
    sd : float
        Of the differences, ddof 1; NaN for n = 1.
    t_interval, bootstrap_interval : Interval
        95 % intervals of the mean difference; NaN for n = 1. The first decides.
    sign_flip_p, wilcoxon_p : float
        Two-sided, not adjusted for multiplicity. The first decides, the second is a check.
    d_z : float
        Cohen's effect size of paired data, mean difference / sd: infinite where the sd is zero,
        NaN where both are, or for n = 1.
    win_probability : float
        Share of seeds at which the treatment is better, a tie counting half.
    win_interval : Interval
        Its 95 % Wilson interval.
    pairing_correlation : float
        Pearson correlation of the arms over the seeds: what pairing gained. NaN where one arm
        is constant, or for n = 1.
    smallest_detectable : float
        The true difference that a paired t-test at this n and sd finds with 90 % power.
    effect_of_interest : float
        The difference that would matter, declared beforehand; NaN where none was.
    n_needed : float
        Seeds that a paired t-test needs to find it with 90 % power at this sd; infinite beyond
        ten million, NaN for n = 1 or without an effect of interest.
    """

    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    treatment_mean: float
    baseline_mean: float
    mean_difference: float
    sd: float
    t_interval: Interval
    bootstrap_interval: Interval
    sign_flip_p: float
    wilcoxon_p: float
    d_z: float
    win_probability: float
    win_interval: Interval
    pairing_correlation: float
    smallest_detectable: float
    effect_of_interest: float
    n_needed: float

    @property
    def n(self) -> int:
        """Number of shared seeds."""
        return len(self.seeds)


def paired_contrast(
    treatment: Mapping[int, float],
    baseline: Mapping[int, float],
    *,
    higher_is_better: bool = True,
    effect_of_interest: float | None = 0.001,
    any_time: bool = False,
) -> Contrast:
    """Compare two arms by the differences at the seeds they share.

    Parameters
    ----------
    treatment, baseline : mapping of int to float
        Seed -> value, such as the last epoch's test accuracy in [0, 1]. Diverged runs are in
        it, at chance.
    higher_is_better : bool, default True
        False for losses and errors. Only `win_probability` depends on it.
    effect_of_interest : float or None, default 0.001
        In the metric's unit; 0.1 pp of accuracy unless the contrast declares its own.
    any_time : bool, default False
        Of seeds that were added until the answer was clear: the interval and the p that
        `bnbench.statistics.any_time` gives, in place of Student's and of the exact sign flips.

    Returns
    -------
    Contrast
        Defined for every n >= 1 and for constant differences: NaN where a number has no meaning.

    Raises
    ------
    ValueError
        If a value is not finite, or `effect_of_interest` is not positive.

    References
    ----------
    .. [1] J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988,
       section 2.3.5 (d_z).
    .. [2] X. Bouthillier et al., "Accounting for Variance in Machine Learning Benchmarks",
       MLSys 2021 (the probability that the treatment wins).

    Examples
    --------
    >>> result = paired_contrast({0: 0.984, 1: 0.985, 2: 0.986}, {0: 0.983, 1: 0.982, 2: 0.983})
    >>> round(result.mean_difference, 5), result.sign_flip_p
    (0.00233, 0.25)
    """
    pairs = pair_by_seed(treatment, baseline)
    differences = pairs.differences
    mean, sd = mean_of(differences), sd_of(differences)
    wins = _wins(differences if higher_is_better else -differences)
    n_for = n_for_any_time if any_time else n_for_paired_t
    return Contrast(
        seeds=pairs.seeds,
        differences=tuple(differences.tolist()),
        treatment_mean=mean_of(pairs.treatment),
        baseline_mean=mean_of(pairs.baseline),
        mean_difference=mean,
        sd=sd,
        t_interval=(any_time_interval if any_time else t_interval)(differences),
        bootstrap_interval=bootstrap_interval(differences, seed=0),
        sign_flip_p=(any_time_sign_flip_p if any_time else sign_flip_p)(differences),
        wilcoxon_p=wilcoxon_p(differences),
        d_z=_standardized(mean, sd),
        win_probability=wins / differences.size,
        win_interval=wilson_interval(wins, differences.size),
        pairing_correlation=_correlation(pairs),
        smallest_detectable=smallest_detectable_effect(differences.size, sd=sd),
        effect_of_interest=math.nan if effect_of_interest is None else effect_of_interest,
        n_needed=math.nan
        if effect_of_interest is None
        else n_for(effect=effect_of_interest, sd=sd),
    )


def _wins(gains: FloatArray) -> float:
    """The number of positive gains (n,), a zero counting half."""
    return float(np.count_nonzero(gains > 0) + np.count_nonzero(gains == 0) / 2)


def _standardized(mean: float, sd: float) -> float:
    """Mean / sd, with its limit where the sd is zero, and NaN for 0 / 0."""
    if sd == 0:
        return math.copysign(math.inf, mean) if mean else math.nan
    return mean / sd


def _correlation(pairs: Pairs) -> float:
    """Pearson's correlation of the arms; NaN where one of them does not vary."""
    treatment = pairs.treatment - mean_of(pairs.treatment)
    baseline = pairs.baseline - mean_of(pairs.baseline)
    norms = np.linalg.norm(treatment) * np.linalg.norm(baseline)
    if norms == 0:
        return math.nan
    return float(np.clip(treatment @ baseline / norms, -1.0, 1.0))
