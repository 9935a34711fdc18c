"""The rules of how many runs diverge, paired by seed."""

from __future__ import annotations

from typing import Literal

from bnbench.claims.rules.deciding import (
    ALPHA,
    OTHER_WAY,
    fewest_seeds,
    needed_text,
    seeds_alone,
)
from bnbench.claims.rules.rule import OfContrast, ShareMetric
from bnbench.claims.verdict import Outcome, Verdict, decide
from bnbench.findings.numbers import p_equals
from bnbench.findings.results import Finding
from bnbench.statistics import any_time_sign_p, sign_test_p


class Divergence(OfContrast):
    """That more, or fewer, of the treatment's runs diverge.

    Decided by the exact sign test (McNemar's) over the seeds at which only one side diverges:
    supported where p < 0.05 and it is the claimed side more often, refuted where it is the other.
    """

    rule: Literal["more_diverged", "fewer_diverged"]
    metric: ShareMetric

    def decide(self, finding: Finding) -> Outcome:
        """Decide by the sign test."""
        shared = finding.treatment.values.keys() & finding.baseline.values.keys()
        treatment = shared & set(finding.treatment.diverged)
        baseline = shared & set(finding.baseline.diverged)
        more, fewer = len(treatment - baseline), len(baseline - treatment)
        p = (any_time_sign_p if finding.any_time else sign_test_p)(more, fewer)
        as_claimed = more > fewer if self.rule == "more_diverged" else more < fewer
        verdict = decide(supported=p < ALPHA and as_claimed, refuted=p < ALPHA)
        counts = f"{len(treatment)} against {len(baseline)} of {finding.n} runs diverged"
        needed = needed_text(finding.n, fewest_seeds())
        rest = f", sign test {p_equals(p)}, n = {finding.n}{needed}"
        how = OTHER_WAY if verdict is Verdict.REFUTED else ""
        return Outcome(verdict, finding.n, counts, rest, how, needed=seeds_alone(finding.n))
