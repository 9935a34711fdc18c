"""The rules by name: what each is of, and what it reads of a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bnbench.claims.differences import different, equivalent, higher, lower
from bnbench.claims.divergence import fewer_diverged, more_diverged
from bnbench.claims.exact import Check, check
from bnbench.claims.published import reproduced_difference, reproduced_level
from bnbench.claims.ranges import larger, wider
from bnbench.claims.schema import ClaimTest
from bnbench.claims.thresholds import above, below
from bnbench.claims.times import sooner
from bnbench.claims.verdict import Outcome
from bnbench.config.metric import Kind
from bnbench.findings.results import BestFinding, Finding, Level


@dataclass(frozen=True)
class Rule:
    """A pure function to a verdict: of a contrast, an arm, a best against best, or a check.

    Attributes
    ----------
    kind : str or None
        Of the metrics that it takes; ``None``: it takes no metric.
    needs_number, has_effect : bool
        Whether a test gives the number to judge; whether it may give a smallest effect.
    of_finding, of_level, of_best, of_check : callable or None
    """

    kind: Kind | None
    needs_number: bool = False
    has_effect: bool = False
    of_finding: Callable[[Finding, ClaimTest], Outcome] | None = None
    of_level: Callable[[Level, ClaimTest], Outcome] | None = None
    of_best: Callable[[BestFinding, ClaimTest], Outcome] | None = None
    of_check: Callable[[Check], Outcome] | None = None


RULES = {
    "higher": Rule("level", has_effect=True, of_finding=higher),
    "lower": Rule("level", has_effect=True, of_finding=lower),
    "different": Rule("level", has_effect=True, of_finding=different),
    "equivalent": Rule("level", has_effect=True, of_finding=equivalent),
    "reproduced": Rule(
        "level",
        needs_number=True,
        of_finding=reproduced_difference,
        of_level=reproduced_level,
    ),
    "above": Rule("level", needs_number=True, of_level=above),
    "below": Rule("level", needs_number=True, of_level=below),
    "sooner": Rule("time", of_finding=sooner),
    "more_diverged": Rule("share", of_finding=more_diverged),
    "fewer_diverged": Rule("share", of_finding=fewer_diverged),
    "wider": Rule(None, of_best=wider),
    "larger": Rule(None, of_best=larger),
    "check": Rule(None, of_check=check),
}
