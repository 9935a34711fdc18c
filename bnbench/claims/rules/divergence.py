"""The rules of how many runs diverge, paired by seed."""

from __future__ import annotations

from itertools import count
from typing import Literal

from bnbench.claims.rules.deciding import (
    ALPHA,
    OTHER_WAY,
    enough_seeds,
    fewest_seeds,
    needed_text,
)
from bnbench.claims.rules.rule import OfContrast, ShareMetric
from bnbench.claims.verdict import Outcome, Verdict, decide
from bnbench.findings.numbers import p_equals
from bnbench.findings.results import Finding
from bnbench.statistics import share_below_p, sign_test_p
from bnbench.words import counted

RARE = 1 / 3
"""Of all seeds: a claim of failure means more than one run in three."""


class Divergence(OfContrast):
    """That more, or fewer, of the treatment's runs diverge.

    Decided by the exact sign test (McNemar's) over the seeds at which only one side diverges:
    supported where p < 0.05 and it is the claimed side more often, refuted where it is the other.
    Also refuted where that side alone diverges at less than a third of all seeds, with p < 0.05 by
    the exact one-sided binomial test: eight seeds without any show it.
    """

    rule: Literal["more_diverged", "fewer_diverged"]
    metric: ShareMetric

    def decide(self, finding: Finding) -> Outcome:
        """Decide by the sign test, and by the share of seeds at which it is as claimed."""
        shared = finding.treatment.values.keys() & finding.baseline.values.keys()
        treatment = shared & set(finding.treatment.diverged)
        baseline = shared & set(finding.baseline.diverged)
        as_claimed, otherwise = len(treatment - baseline), len(baseline - treatment)
        if self.rule == "fewer_diverged":
            as_claimed, otherwise = otherwise, as_claimed
        any_time = finding.any_time
        p = sign_test_p(as_claimed, otherwise, any_time=any_time)
        below = share_below_p(as_claimed, finding.n, RARE, any_time=any_time)
        rare = enough_seeds(finding.n) and below < ALPHA
        verdict = decide(supported=p < ALPHA and as_claimed > otherwise, refuted=p < ALPHA or rare)
        counts = f"{len(treatment)} against {len(baseline)} of {counted(finding.n, 'run')}"
        needed = _needed(finding, none=not as_claimed + otherwise)
        told = needed_text(finding.n, needed) if needed else ()
        rest = f", sign test {p_equals(p)}"
        how = OTHER_WAY if p < ALPHA else f"rarely as claimed: at {as_claimed} of {finding.n} seeds"
        how = how if verdict is Verdict.REFUTED else ""
        return Outcome(verdict, finding.n, counts, rest, how, caveats=told, needed=needed)


def _needed(finding: Finding, *, none: bool) -> float | None:
    """How many seeds it takes at least, more than there are; ``None`` where that is not said."""
    any_time = finding.any_time
    rare = next(n for n in count(1) if share_below_p(0, n, RARE, any_time=any_time) < ALPHA)
    fewest = max(fewest_seeds(), rare) if none else fewest_seeds()
    return float(fewest) if fewest > finding.n else None
