"""The conclusion of a comparison: a sentence a treatment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bnbench.claims import Verdict
from bnbench.claims.rules.deciding import enough_seeds, fewest_seeds
from bnbench.claims.rules.differences import contrast_of, decide_difference
from bnbench.findings.results import Finding
from bnbench.words import counted

DECIDING = ("test_accuracy", "validation_accuracy@last")
"""The first of these that was measured is what a comparison comes to."""


def conclusions(
    findings: Iterable[Finding], titles: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Say of each treatment whether it is ahead of the baseline, or that seeds are too few.

    Experiments are called by their titles, where they have some.
    """
    called = titles or {}
    by_pair: dict[str, dict[str, Finding]] = {}
    for finding in findings:
        if finding.contrast is not None:
            by_pair.setdefault(finding.treatment.label, {})[finding.metric.text] = finding
    for found in by_pair.values():
        if metrics := [metric for metric in DECIDING if metric in found]:
            finding = found[metrics[0]]
            yield _sentence(finding, *(called.get(label, label) for label in finding.labels))


def _sentence(finding: Finding, treatment: str, baseline: str) -> str:
    n, paired = finding.n, contrast_of(finding)
    outcome = decide_difference(finding, "different", finding.smallest_effect or 0.0)
    difference, shown = paired.mean_difference, paired.t_interval.excludes(0)
    lead = f"{treatment} is {'ahead of' if difference > 0 else 'behind'} {baseline}"
    if not difference:
        lead = f"{treatment} and {baseline} are equal here"
    if outcome.verdict is Verdict.REFUTED:
        lead = f"{treatment} and {baseline} are {outcome.how}"
    elif outcome.verdict is Verdict.INCONCLUSIVE and difference and (enough_seeds(n) or not shown):
        lead = f"{treatment} and {baseline} cannot be told apart"
    few = "" if enough_seeds(n) else f"; it takes at least {fewest_seeds()} to decide"
    return f"{lead}: {finding.metric.title} {outcome.estimate}, {counted(n, 'seed')}{few}"
