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
from bnbench.claims.wording import p_text, speed_text
from bnbench.findings.results import Finding


def sooner(finding: Finding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment arrives before the baseline; never arriving is an infinite time.

    ``SUPPORTED``: the sign test over the pairs has p < 0.05, in the confirmatory family its
    adjusted p as well, and the bootstrap interval of the ratio of medians excludes 1, all in
    the treatment's favour. ``REFUTED``: all against it.
    """
    speed = finding.speed_up
    assert speed is not None
    decided = speed.sign_test_p < ALPHA and withstands_adjustment(finding)
    verdict = Verdict.INCONCLUSIVE
    if decided and speed.interval.low > 1 and speed.win_probability > 0.5:
        verdict = Verdict.SUPPORTED
    elif decided and speed.interval.high < 1 and speed.win_probability < 0.5:
        verdict = Verdict.REFUTED
    text = f"{speed_text(finding.metric, speed)}, sign test {p_text(speed.sign_test_p)}"
    return Outcome(
        verdict, finding.n, text + seeds_text(finding) + needed_text(finding.n, fewest_seeds())
    )
