"""What rules share: when a finding may decide, and how many seeds it would take."""

from __future__ import annotations

import math

from bnbench.findings.numbers import p_equals
from bnbench.findings.results import Finding
from bnbench.statistics import smallest_p

ALPHA = 0.05
OTHER_WAY = "the other way round"
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


def seeds_alone(n: int) -> float | None:
    """How many seeds it takes where nothing else is missing; ``None`` if that is not said."""
    return None if enough_seeds(n) else float(fewest_seeds())


def needed_text(n: int, needed: float, condition: str = "") -> tuple[str, ...]:
    """Say how many seeds would decide, where that is more than there are."""
    if math.isnan(needed):
        return ("one seed has no interval",)
    if math.isinf(needed):
        return ("no number of seeds would decide",)
    if needed <= n:
        return ()
    seeds = f"more than {MOST:,}" if needed > MOST else f"at least {needed:.0f}"
    return (f"deciding takes {seeds} seeds{condition}",)
