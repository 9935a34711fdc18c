"""A comparison of folders as a study in memory: what it compares follows a study's definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bnbench.config import Metric, PlannedContrast, Study, StudyArm, parse_metric
from bnbench.findings.study_runs import ArmRuns, StudyRuns

METRICS = tuple(
    map(
        parse_metric,
        ("validation_accuracy@1", "validation_accuracy@last", "test_accuracy",
         "epochs_to_accuracy@0.97", "epochs_to_accuracy@0.98"),
    )
)  # fmt: skip


def as_study(arms: Sequence[ArmRuns]) -> StudyRuns:
    """Plan one contrast a treatment, each against the first arm, on `METRICS`.

    Parameters
    ----------
    arms : sequence of ArmRuns
        The baseline, then the treatments; of one data set and split.

    Returns
    -------
    StudyRuns
        Its metrics are without ``test_accuracy`` where validation is the test file.
    """
    baseline, *treatments = arms
    metrics = metrics_of(baseline)
    study = Study(
        name="compare",
        question="",
        seeds=tuple(sorted({seed for arm in arms for seed in arm.runs})),
        arms={arm.label: StudyArm(arm.label, arm.experiment.description or arm.label,
                                  arm.experiment) for arm in arms},
        contrasts=tuple(
            PlannedContrast(arm.label, arm.label, baseline.label, metrics, None, confirmatory=False)
            for arm in treatments
        ),
    )  # fmt: skip
    return StudyRuns(study, {arm.label: arm for arm in arms}, ())


def metrics_of(baseline: ArmRuns) -> tuple[Metric, ...]:
    """List what `as_study` measures of every arm, also where there is nothing to compare."""
    same_file = baseline.first.manifest.dataset.validation_is_test_file
    return tuple(metric for metric in METRICS if not (same_file and metric.text == "test_accuracy"))


def count_failed(arm: ArmRuns) -> int:
    """Count the runs that failed; `bnbench.runs.failure` says when."""
    return sum(run.failed for run in arm.runs.values())


def seconds_per_epoch(arm: ArmRuns) -> float:
    """Median over the runs of their mean epoch, training and evaluation; NaN without any epoch."""
    logs = [run.epoch_log for run in arm.runs.values() if len(run.epoch_log)]
    means = [np.mean(log["train_seconds"] + log["evaluation_seconds"]) for log in logs]
    return float(np.median(means)) if means else math.nan
