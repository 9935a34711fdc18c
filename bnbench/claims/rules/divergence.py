"""The rules of how many runs diverge, paired by seed."""

from __future__ import annotations

from collections.abc import Callable
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
from bnbench.statistics import (
    any_time_share_below_p,
    any_time_sign_p,
    share_below_p,
    sign_test_p,
)

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
        p = (any_time_sign_p if finding.any_time else sign_test_p)(as_claimed, otherwise)
        below = any_time_share_below_p if finding.any_time else share_below_p
        rare = enough_seeds(finding.n) and below(as_claimed, finding.n, RARE) < ALPHA
        verdict = decide(supported=p < ALPHA and as_claimed > otherwise, refuted=p < ALPHA or rare)
        counts = f"{len(treatment)} against {len(baseline)} of {finding.n} runs diverged"
        needed = _needed(finding.n, below, none=not as_claimed + otherwise)
        told = needed_text(finding.n, needed) if needed else ""
        rest = f", sign test {p_equals(p)}, n = {finding.n}{told}"
        how = OTHER_WAY if p < ALPHA else "as claimed in fewer than a third of all seeds"
        how = how if verdict is Verdict.REFUTED else ""
        return Outcome(verdict, finding.n, counts, rest, how, needed=needed)


def _needed(n: int, below: Callable[[int, int, float], float], *, none: bool) -> float | None:
    """How many seeds it takes at least, more than there are; ``None`` where that is not said."""
    rare = next(seeds for seeds in count(1) if below(0, seeds, RARE) < ALPHA)
    fewest = max(fewest_seeds(), rare) if none else fewest_seeds()
    return float(fewest) if fewest > n else None
