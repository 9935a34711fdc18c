"""The rules of one arm's mean against a threshold, by the 95 % t interval of the mean."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from bnbench.claims.rules.deciding import (
    OTHER_WAY,
    Needs,
    concluded,
    enough_seeds,
    fewest_seeds,
    needed_text,
)
from bnbench.claims.rules.rule import ClaimTest, LevelMetric, Text
from bnbench.claims.verdict import NOT_RUN, Outcome, Verdict, decide
from bnbench.config.schema import Float
from bnbench.findings import numbers
from bnbench.findings.results import StudyFindings
from bnbench.statistics import Summary, any_time_interval, n_for_any_time, n_for_paired_t


class Threshold(ClaimTest):
    """That an arm's mean is above, or below, a threshold.

    Supported where the interval lies on the claimed side of the threshold, refuted where it lies on
    the other; with fewer than 6 seeds neither. If seeds were added until the study was decided, the
    interval is one that holds at every number of seeds.
    """

    rule: Literal["above", "below"]
    study: Text
    arm: Text
    metric: LevelMetric
    number: Float
    """The threshold, in the metric's unit: 0.01 is 1 pp."""

    def judge(self, found: StudyFindings) -> Outcome:
        """Decide by the interval of the arm's mean."""
        level = found.level(self.arm, self.metric)
        if level is None or (summary := level.summary) is None:
            return NOT_RUN
        unit, interval = level.unit, summary.interval
        if found.study.any_time:
            interval = any_time_interval(list(level.values.values()))
        excluded = interval.excludes(self.number) and enough_seeds(summary.n)
        as_claimed = (summary.mean > self.number) is (self.rule == "above")
        verdict = decide(supported=excluded and as_claimed, refuted=excluded)
        mean = numbers.level_estimate(summary.mean, interval, unit)
        text = f"{mean}, claimed: {self.rule} {_threshold(self.number, unit)}"
        return concluded(
            verdict, summary.n, text, f", n = {summary.n}",
            lambda: _needed(summary, self.number, found.study.any_time),
            {Verdict.REFUTED: OTHER_WAY},
        )  # fmt: skip


def _threshold(number: float, unit: str) -> str:
    """Write a threshold, with as many decimals as it takes if it would round to 0."""
    rounded = numbers.level(number, unit)
    if not number or rounded != numbers.level(0.0, unit):
        return rounded
    _, *rest = rounded.split()
    shown = numbers.in_unit(number, unit)
    digits = np.format_float_positional(shown, precision=2, fractional=False, trim="-")
    return " ".join([digits, *rest])


def _needed(summary: Summary, threshold: float, any_time: bool) -> Needs:
    """Say how many seeds it takes if the mean stays, and tell the number, more than there are."""
    n, fewest = summary.n, float(fewest_seeds())
    if summary.interval.excludes(threshold) and not any_time:
        return needed_text(n, fewest), fewest
    distance = abs(summary.mean - threshold)
    n_for = n_for_any_time if any_time else n_for_paired_t
    needed = n_for(effect=distance, sd=summary.sd) if distance else math.inf
    needed = math.nan if math.isnan(summary.sd) else needed
    told = needed_text(n, needed, " if the mean stays")
    return told, fewest if math.isnan(needed) else max(needed, n + 1, fewest)
