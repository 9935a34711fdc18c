"""The numbers of a comparison as tables: one row a run, one row an experiment and quantity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bnbench.findings.comparison import metrics_of
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.measures import failed, measure
from bnbench.findings.numbers import factor
from bnbench.findings.results import Finding, Level
from bnbench.findings.study_runs import ArmRuns, StudyRuns

COLUMNS = [
    "experiment", "baseline", "quantity", "epoch", "threshold", "n", "diverged", "reached",
    "mean", "sd", "lower", "upper", "median", "published",
]  # fmt: skip
COUNTS = ("epoch", "n", "diverged", "reached")
PER_RUN = {
    "epochs_to_accuracy@0.97": "epochs_to_0.97",
    "epochs_to_accuracy@0.98": "epochs_to_0.98",
    "test_accuracy": "test_accuracy",
}
"""Metrics of ``runs.csv`` and their columns there."""

Row = dict[str, Any]


def runs_table(compared: StudyRuns) -> pd.DataFrame:
    """One row a run: how it ended, how soon it was how good, and how fast it was."""
    by_text = {metric.text: metric for metric in metrics_of(compared)}
    measured = [by_text[text] for text in PER_RUN if text in by_text]
    rows = [
        {
            "experiment": arm.label,
            "seed": seed,
            "status": run.status,
            "epochs": len(run.epochs),
            **{PER_RUN[metric.text]: measure(metric, run) for metric in measured},
            "seconds_per_epoch": _seconds_per_epoch(run),
        }
        for arm in compared.arms.values()
        for seed, run in arm.runs.items()
    ]
    return pd.DataFrame(rows)


def seconds_per_epoch(arm: ArmRuns) -> float:
    """Median over the runs of the mean over their epochs, training and evaluation.

    NaN where every run diverged in its first epoch.
    """
    known = [_seconds_per_epoch(run) for run in arm.runs.values() if len(run.epochs)]
    return float(np.median(known)) if known else float("nan")


def _seconds_per_epoch(run: FinishedRun) -> float:
    return float((run.epochs["train_seconds"] + run.epochs["evaluation_seconds"]).mean())


def failed_seeds(arm: ArmRuns) -> list[int]:
    """Seeds of the runs that failed; `bnbench.runs.failure` says when."""
    return [seed for seed, run in arm.runs.items() if failed(run)]


def summary_table(
    compared: StudyRuns, levels: Sequence[Level], findings: Sequence[Finding]
) -> pd.DataFrame:
    """One row a quantity, for ``summary.csv``, unrounded; differences of accuracies in pp."""
    rows = [
        row
        for arm in compared.arms.values()
        for row in _experiment_rows(arm, [level for level in levels if level.label == arm.label])
    ]
    rows += [
        _contrast_row(compared.arms[finding.treatment.label], finding)
        for finding in findings
        if finding.contrast
    ]
    return pd.DataFrame(rows).reindex(columns=COLUMNS).astype(dict.fromkeys(COUNTS, "Int64"))


def _experiment_rows(arm: ArmRuns, levels: Sequence[Level]) -> Iterator[Row]:
    known = {"experiment": arm.label, "diverged": len(failed_seeds(arm))}
    for level in levels:
        row = known | {
            "quantity": level.metric.quantity.name,
            "n": len(level.values),
            "published": level.published,
        }
        if level.summary is None:
            yield row | {
                "threshold": level.metric.threshold,
                "reached": level.reached,
                "median": level.median,
            }
        else:
            interval = level.summary.interval
            yield row | {
                "epoch": level.metric.epoch or arm.experiment.training.epochs,
                "mean": level.summary.mean, "sd": level.summary.sd,
                "lower": interval.low, "upper": interval.high,
            }  # fmt: skip
    seconds = {"quantity": "seconds_per_epoch", "median": seconds_per_epoch(arm)}
    yield known | seconds | {"n": len(arm.runs)}


def _contrast_row(treatment: ArmRuns, finding: Finding) -> Row:
    contrast, scale = finding.contrast, factor(finding.metric.quantity.unit)
    assert contrast is not None
    published = finding.published
    return {
        "experiment": finding.treatment.label,
        "baseline": finding.baseline.label,
        "quantity": f"{finding.metric.quantity.name}_difference_pp",
        "epoch": finding.metric.epoch or treatment.experiment.training.epochs,
        "n": finding.n,
        "mean": scale * contrast.mean_difference,
        "sd": scale * contrast.sd,
        "lower": scale * contrast.t_interval.low,
        "upper": scale * contrast.t_interval.high,
        "published": None if published is None else round(scale * published, 10),
    }
