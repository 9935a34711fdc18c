"""Rules of how many runs diverge, paired by seed."""

from __future__ import annotations

from bnbench.claims.deciding import ALPHA, OTHER_WAY, fewest_seeds, needed_text
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.numbers import p_equals
from bnbench.findings.results import Finding
from bnbench.statistics import any_time_sign_p, sign_test_p


def more_diverged(finding: Finding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that more of the treatment's runs diverge.

    Over the seeds at which just one side diverges, the exact sign test, which is McNemar's.
    ``SUPPORTED`` where p < 0.05 and it is the treatment more often, ``REFUTED`` where it is the
    baseline.
    """
    return _outcome(finding, sign=1)


def fewer_diverged(finding: Finding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that fewer of the treatment's runs diverge; see `more_diverged`."""
    return _outcome(finding, sign=-1)


def _outcome(finding: Finding, sign: int) -> Outcome:
    shared = finding.treatment.values.keys() & finding.baseline.values.keys()
    treatment = shared & set(finding.treatment.diverged)
    baseline = shared & set(finding.baseline.diverged)
    more, fewer = len(treatment - baseline), len(baseline - treatment)
    p = (any_time_sign_p if finding.any_time else sign_test_p)(more, fewer)
    verdict, how = Verdict.INCONCLUSIVE, ""
    if p < ALPHA and sign * (more - fewer) > 0:
        verdict = Verdict.SUPPORTED
    elif p < ALPHA:
        verdict, how = Verdict.REFUTED, OTHER_WAY
    counts = f"{len(treatment)} against {len(baseline)} of {finding.n} runs diverged"
    rest = f", sign test {p_equals(p)}, n = {finding.n}{needed_text(finding.n, fewest_seeds())}"
    return Outcome(verdict, finding.n, counts, rest, how)
