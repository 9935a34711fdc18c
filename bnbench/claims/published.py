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
from bnbench.claims.wording import difference_text, interval_text, value_text
from bnbench.config import Metric
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
    return _outcome(test, finding.prediction, finding.n, mean, finding.metric, difference_text)


def reproduced_level(level: Level, test: ClaimTest) -> Outcome:
    """Judge the published level of a single run; see `reproduced_difference`."""
    summary = level.summary
    assert summary is not None
    return _outcome(test, summary.prediction, summary.n, summary.mean, level.metric, value_text)


def _outcome(
    test: ClaimTest,
    prediction: Interval | None,
    n: int,
    mean: float,
    metric: Metric,
    text: Callable[[Metric, float], str],
) -> Outcome:
    assert test.number is not None
    published, re_runs = text(metric, test.number), f"re-runs {text(metric, mean)}, n = {n}"
    if prediction is None or math.isnan(prediction.low):
        said = f"published {published}, {re_runs}; one seed predicts no interval"
        return Outcome(Verdict.INCONCLUSIVE, n, said)
    inside = prediction.contains(test.number)
    where = f"{'inside' if inside else 'outside'}{interval_text(metric, prediction)}"
    said = f"published {published}, {where} of one further run; {re_runs}"
    if inside and not enough_seeds(n):
        return Outcome(Verdict.INCONCLUSIVE, n, said + needed_text(n, fewest_seeds()))
    return Outcome(Verdict.SUPPORTED if inside else Verdict.REFUTED, n, said, inside)
