"""The rules of how many runs diverge, paired by seed."""

from __future__ import annotations

from typing import Literal

from bnbench.claims.rules.deciding import (
    ALPHA,
    IF_SHARES_STAY,
    MOST,
    OTHER_WAY,
    Needs,
    concluded,
    enough_seeds,
    n_for_signs,
    needed_text,
    too_few,
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
    """That fewer, or more, of the treatment's runs diverge.

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
        treatment = shared & set(finding.treatment.failed)
        baseline = shared & set(finding.baseline.failed)
        as_claimed, otherwise = len(treatment - baseline), len(baseline - treatment)
        if self.rule == "fewer_diverged":
            as_claimed, otherwise = otherwise, as_claimed
        any_time = finding.any_time
        p = sign_test_p(as_claimed, otherwise, any_time=any_time)
        below = share_below_p(as_claimed, finding.n, RARE, any_time=any_time)
        rare = enough_seeds(finding.n) and below < ALPHA
        verdict = decide(supported=p < ALPHA and as_claimed > otherwise, refuted=p < ALPHA or rare)
        counts = f"{len(treatment)} against {len(baseline)} of {counted(finding.n, 'run')}"
        rarely = f"rarely as claimed: at {as_claimed} of {finding.n} seeds"
        return concluded(
            verdict, finding.n, counts, f", sign test {p_equals(p)}",
            lambda: _needed(finding, as_claimed, otherwise),
            {Verdict.REFUTED: OTHER_WAY if p < ALPHA else rarely},
        )  # fmt: skip


def _needed(finding: Finding, as_claimed: int, otherwise: int) -> Needs:
    """Say how many seeds one of the two tests takes at least, more than there are."""
    n, any_time, some = finding.n, finding.any_time, as_claimed + otherwise
    if some and not enough_seeds(n):
        return too_few(n)
    shares = ((m, -(-m * as_claimed // n)) for m in range(n + 1, MOST + 1))
    rare = (m for m, of in shares if share_below_p(of, m, RARE, any_time=any_time) < ALPHA)
    by_sign = n_for_signs(n, as_claimed, otherwise, any_time=any_time)
    needed = min(by_sign, float(next(rare, MOST + 1)))
    return needed_text(n, needed, IF_SHARES_STAY if some else ""), needed
