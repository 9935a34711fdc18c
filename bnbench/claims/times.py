"""The rule of times, which may be infinite: signs and medians, no means."""

from __future__ import annotations

from bnbench.claims.deciding import (
    ALPHA,
    fewest_seeds,
    needed_text,
    seeds_text,
    withstands_adjustment,
)
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings import numbers
from bnbench.findings.results import Finding
from bnbench.statistics import SpeedUp


def sooner(finding: Finding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment arrives before the baseline; never arriving is an infinite time.

    ``SUPPORTED``: the sign test over the pairs has p < 0.05, in the confirmatory family its
    adjusted p as well, and the bootstrap interval of the ratio of medians excludes 1, all in
    the treatment's favour. ``REFUTED``: all against it.
    """
    speed = finding.speed_up
    assert speed is not None
    decided = speed.sign_test_p < ALPHA and withstands_adjustment(finding)
    verdict, how = Verdict.INCONCLUSIVE, ""
    if decided and speed.interval.low > 1 and speed.win_probability > 0.5:
        verdict = Verdict.SUPPORTED
    elif decided and speed.interval.high < 1 and speed.win_probability < 0.5:
        verdict, how = Verdict.REFUTED, "later"
    sign_test = f", sign test {numbers.p_equals(speed.sign_test_p)}"
    rest = sign_test + seeds_text(finding) + needed_text(finding.n, fewest_seeds())
    return Outcome(verdict, finding.n, _speed(finding, speed), rest, how)


def _speed(finding: Finding, speed: SpeedUp) -> str:
    """Write the medians of both arms' times, and their ratio with its interval."""
    unit = finding.metric.quantity.unit
    medians = (speed.treatment_median, speed.baseline_median)
    text = " against ".join(numbers.level(median, unit) for median in medians) + " (medians)"
    ratio = numbers.ratio(speed.ratio, speed.interval)
    return text if ratio == numbers.NOTHING else f"{text}, {ratio} times as fast"
