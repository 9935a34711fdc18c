"""Every point of the published curves against the re-runs."""

from __future__ import annotations

from collections.abc import Iterator

from bnbench.findings.published import PublishedRun
from bnbench.findings.results import PublishedPoint
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.statistics import summarize


def published_points(runs: StudyRuns) -> list[PublishedPoint]:
    """Hold each published accuracy against the prediction interval of the re-runs.

    Only epochs that the re-runs have, and only arms with two runs at least: one predicts nothing.
    """
    arms = {arm.experiment.experiment: arm for arm in runs.arms.values()}  # each replica once
    return [
        point
        for arm in arms.values()
        if arm.published and len(arm.runs) > 1
        for point in _of_arm(arm, arm.published)
    ]


def _of_arm(arm: ArmRuns, published: PublishedRun) -> Iterator[PublishedPoint]:
    for split, curve in published.accuracies.items():
        measured = [run.curve(f"{split}_accuracy") for run in arm.runs.values()]
        for epoch, (value, *again) in enumerate(zip(curve, *measured, strict=False), 1):
            summary = summarize(again, rounding=published.reading_error)
            yield PublishedPoint(arm.label, split, epoch, value, summary)
