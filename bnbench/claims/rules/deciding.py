"""What rules share: when a finding may decide, and how many seeds it would take."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.numbers import p_equals
from bnbench.findings.results import Finding
from bnbench.statistics import sign_test_p, smallest_p

ALPHA = 0.05
OTHER_WAY = "the other way round"
IF_SHARES_STAY = " if the shares stay"
MOST = 1000
"""Seeds beyond which nobody plans."""


def enough_seeds(n: int) -> bool:
    """Whether n seeds may decide: fewer leave every exact p above 0.05, whatever they show."""
    return n >= fewest_seeds()


def withstands_adjustment(finding: Finding) -> bool:
    """Whether a finding may decide: one of a family or a sweep by its adjusted p."""
    return not finding.adjusted_by or finding.p_adjusted < ALPHA


def seeds_text(finding: Finding) -> str:
    """Say how many seeds, and what the whole family makes of the p value."""
    adjusted = adjusted_p_text(finding)
    return f", n = {finding.n}" + (f", {adjusted}" if adjusted else "")


def adjusted_p_text(finding: Finding) -> str:
    """Write what the whole family makes of the p value; nothing of a finding without one."""
    if not finding.adjusted_by or math.isnan(finding.p_adjusted):
        return ""
    return f"{p_equals(finding.p_adjusted)} ({finding.adjusted_by})"


def fewest_seeds(tests: int = 1) -> int:
    """The smallest n at which the exact p of one of so many tests can fall below 0.05.

    Holm multiplies the smallest p by their number; where that is not below 0.05, none is.
    """
    return next(n for n in range(1, 100) if tests * smallest_p(n) < ALPHA)


def tests_of_family(finding: Finding) -> float:
    """By how many tests the adjustment has multiplied a finding's p."""
    adjusted = finding.adjusted_by and finding.p > 0
    return max(1.0, finding.p_adjusted / finding.p) if adjusted else 1.0


def n_for_signs(
    n: int, more: int, less: int, *, alpha: float = ALPHA, any_time: bool = False
) -> float:
    """How many seeds, more than there are, the sign test takes if both shares stay.

    Of so many seeds the larger share is rounded down and the smaller one up. Equal shares are
    never told apart; above `MOST` seeds nothing is counted.
    """
    if more == less:
        return math.inf
    few, many = sorted((more, less))
    rounded = ((seeds, seeds * many // n, -(-seeds * few // n)) for seeds in range(n + 1, MOST + 1))
    found = (
        seeds
        for seeds, wins, losses in rounded
        if wins > losses and sign_test_p(wins, losses, any_time=any_time) < alpha
    )
    return float(next(found, MOST + 1))


Needs = tuple[tuple[str, ...], float | None]
"""What is to be said of the seeds that a decision takes, and their number."""


def concluded(
    verdict: Verdict,
    n: int,
    estimate: str,
    rest: str,
    needs: Callable[[], Needs],
    how: Mapping[Verdict, str],
    brief: str = "",
) -> Outcome:
    """Make a rule's outcome: of an inconclusive one, what it takes to decide it.

    `how` says more of the verdicts whose word alone is too little, such as in which way refuted.
    """
    told, needed = needs() if verdict is Verdict.INCONCLUSIVE else ((), None)
    return Outcome(
        verdict, n, estimate, rest, how.get(verdict, ""), caveats=told, needed=needed, brief=brief
    )


def said_of_few(seeds: int, tests: int = 1) -> str:
    """Say of a study's number of seeds that none of its tests can decide, where that is so."""
    if seeds >= (needed := fewest_seeds(tests)):
        return ""
    many = f"{seeds} seeds" if seeds > 1 else "One seed"
    return f"{many} cannot decide any question: give --seeds {needed} or more."


def too_few(n: int) -> Needs:
    """Say that with so few seeds the tests cannot decide, whatever the runs show."""
    return needed_text(n, fewest_seeds()), float(fewest_seeds())


def needed_text(n: int, needed: float, condition: str = "") -> tuple[str, ...]:
    """Say how many seeds would decide, where that is more than there are."""
    if math.isnan(needed):
        return ("one seed has no interval",)
    if math.isinf(needed):
        return (f"no number of seeds would decide{condition}",)
    if needed <= n:
        return ()
    seeds = f"more than {MOST:,}" if needed > MOST else f"at least {needed:.0f}"
    return (f"deciding takes {seeds} seeds{condition}",)
