"""One verdict for a whole claim, from those on its aspects."""

from __future__ import annotations

from collections.abc import Iterable

from bnbench.claims.judging import Judgement
from bnbench.claims.verdict import Verdict


def overall_verdicts(judgements: Iterable[Judgement]) -> dict[str, Verdict]:
    """Overall verdicts by the claims' ids, in the order of the judgements."""
    aspects: dict[str, list[Verdict]] = {}
    for judgement in judgements:
        aspects.setdefault(judgement.claim.id, []).append(judgement.verdict)
    return {claim: overall(verdicts) for claim, verdicts in aspects.items()}


def overall(aspects: Iterable[Verdict]) -> Verdict:
    """Combine the verdicts on all aspects of one claim.

    ``MIXED`` where decided aspects disagree. Else ``OPEN`` where an aspect is open. Else
    ``SUPPORTED`` or ``REFUTED``, as all decided aspects say. Without a decided aspect it is
    ``NOT TESTABLE`` or ``INCONCLUSIVE``.
    """
    found = set(aspects)
    decided = found & {Verdict.SUPPORTED, Verdict.REFUTED}
    if len(decided) > 1:
        return Verdict.MIXED
    if Verdict.OPEN in found:
        return Verdict.OPEN
    if decided:
        return decided.pop()
    return Verdict.NOT_TESTABLE if found == {Verdict.NOT_TESTABLE} else Verdict.INCONCLUSIVE
