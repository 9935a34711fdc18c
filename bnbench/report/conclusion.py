"""The conclusion of a comparison: a sentence a treatment."""

from __future__ import annotations

from collections.abc import Iterator

from bnbench.claims.deciding import enough_seeds, fewest_seeds
from bnbench.findings import numbers
from bnbench.findings.results import Finding
from bnbench.report.compare import Comparison

DECIDING = ("test_accuracy", "validation_accuracy@last")
"""The first of these that was measured is what a comparison comes to."""


def conclusions(comparison: Comparison) -> Iterator[str]:
    """Say of each treatment whether it is ahead of the baseline, or that seeds are too few."""
    by_pair: dict[str, dict[str, Finding]] = {}
    for finding in comparison.findings:
        if finding.contrast is not None:
            by_pair.setdefault(finding.treatment.label, {})[finding.metric.text] = finding
    for found in by_pair.values():
        if metrics := [metric for metric in DECIDING if metric in found]:
            yield _sentence(found[metrics[0]])


def _sentence(finding: Finding) -> str:
    assert finding.contrast is not None
    mean, ends, n = finding.contrast.mean_difference, finding.contrast.t_interval, finding.n
    treatment, baseline = finding.treatment.label, finding.baseline.label
    if enough_seeds(n) and ends.low <= 0 <= ends.high:
        lead = f"{treatment} and {baseline} cannot be told apart"
    else:
        lead = f"{treatment} is {'ahead of' if mean >= 0 else 'behind'} {baseline}"
    text = f"{lead}: {finding.metric.title} {numbers.estimate(mean, ends, 'pp')}"
    seeds = "1 seed" if n == 1 else f"{n} seeds"
    few = "" if enough_seeds(n) else f"; it takes {fewest_seeds()} to decide"
    return f"{text}, {seeds}{few}"
