"""Rules of one arm's mean against a threshold, by the 95 % t interval of the mean."""

from __future__ import annotations

import math

from bnbench.claims.deciding import enough_seeds, fewest_seeds, needed_text
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings import numbers
from bnbench.findings.results import Level
from bnbench.statistics import Summary, n_for_paired_t


def above(level: Level, test: ClaimTest) -> Outcome:
    """Judge that an arm's mean is above a threshold.

    ``SUPPORTED``: the interval lies above it. ``REFUTED``: it lies below. Below 6 seeds neither.
    """
    return _outcome(level, test, sign=1)


def below(level: Level, test: ClaimTest) -> Outcome:
    """Judge that an arm's mean is below a threshold; see `above`."""
    return _outcome(level, test, sign=-1)


def _outcome(level: Level, test: ClaimTest, sign: int) -> Outcome:
    summary = level.summary
    assert summary is not None
    assert test.number is not None
    unit, seeds = level.metric.quantity.unit, f", n = {summary.n}"
    mean = numbers.level_estimate(summary.mean, summary.interval, unit)
    text = f"{mean} against {numbers.level(test.number, unit)}"
    if not summary.interval.excludes(test.number):
        return Outcome(Verdict.INCONCLUSIVE, summary.n, text, seeds + _needed(summary, test.number))
    if not enough_seeds(summary.n):
        seeds += needed_text(summary.n, fewest_seeds())
        return Outcome(Verdict.INCONCLUSIVE, summary.n, text, seeds)
    if sign * (summary.mean - test.number) > 0:
        return Outcome(Verdict.SUPPORTED, summary.n, text, seeds)
    return Outcome(Verdict.REFUTED, summary.n, text, seeds, "below it" if sign > 0 else "above it")


def _needed(summary: Summary, threshold: float) -> str:
    distance = abs(summary.mean - threshold)
    needed = n_for_paired_t(effect=distance, sd=summary.sd) if distance else math.inf
    needed = math.nan if math.isnan(summary.sd) else needed
    return needed_text(summary.n, needed, " if the mean stays")
