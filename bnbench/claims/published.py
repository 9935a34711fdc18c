"""Rules of a number that was published from a single run.

It is judged by the 95 % prediction interval: where one further run may fall, not where the mean
of the re-runs lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from bnbench.claims.deciding import enough_seeds, fewest_seeds, needed_text
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.config import Metric
from bnbench.findings import numbers
from bnbench.findings.results import Finding, Level
from bnbench.statistics import Interval


def reproduced_difference(finding: Finding, test: ClaimTest) -> Outcome:
    """Judge a published difference of two single runs.

    ``REFUTED`` where the prediction interval of one further pair does not hold it; ``SUPPORTED``
    where it does, from 6 seeds on: the interval of fewer is so wide that it holds almost
    anything. ``INCONCLUSIVE`` else, and where there is no interval, as for n = 1.
    """
    assert finding.contrast is not None
    mean = finding.contrast.mean_difference
    return _outcome(
        test,
        finding.prediction,
        finding.n,
        mean,
        finding.metric,
        numbers.difference,
        numbers.interval,
    )


def reproduced_level(level: Level, test: ClaimTest) -> Outcome:
    """Judge the published level of a single run; see `reproduced_difference`."""
    summary = level.summary
    assert summary is not None
    return _outcome(
        test,
        summary.prediction,
        summary.n,
        summary.mean,
        level.metric,
        numbers.level,
        numbers.level_interval,
    )


def _outcome(
    test: ClaimTest,
    prediction: Interval | None,
    n: int,
    mean: float,
    metric: Metric,
    text: Callable[[float, str], str],
    ends: Callable[[Interval, str], str],
) -> Outcome:
    assert test.number is not None
    unit = metric.quantity.unit
    published, re_runs = text(test.number, unit), f"; re-runs {text(mean, unit)}, n = {n}"
    if prediction is None or math.isnan(prediction.low):
        alone = f"{re_runs}; one seed predicts no interval"
        return Outcome(Verdict.INCONCLUSIVE, n, f"published {published}", alone)
    inside = prediction.contains(test.number)
    said = f"published {published} against {ends(prediction, unit)} of one further run"
    if inside and not enough_seeds(n):
        few = needed_text(n, fewest_seeds())
        return Outcome(Verdict.INCONCLUSIVE, n, said, re_runs + few)
    verdict = Verdict.SUPPORTED if inside else Verdict.REFUTED
    how = f"{'inside' if inside else 'outside'} the prediction interval"
    return Outcome(verdict, n, said, re_runs, how, inside)
