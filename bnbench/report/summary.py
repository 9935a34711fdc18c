"""The numbers of a comparison as tables: one row a run, one row an experiment and quantity."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from bnbench.config import Metric
from bnbench.findings.columns import Column, frame
from bnbench.findings.comparison import count_failed, epoch_seconds, metrics_of, seconds_per_epoch
from bnbench.findings.levels import level_of
from bnbench.findings.numbers import in_unit
from bnbench.findings.results import Finding, Level
from bnbench.findings.study_runs import StudyRuns
from bnbench.report.curves import stack

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


def runs_table(compared: StudyRuns) -> pd.DataFrame:
    """One row a run: how it ended, how soon it was how good, and how fast it was."""
    by_text = {metric.text: metric for metric in metrics_of(compared)}
    measured = [by_text[text] for text in PER_RUN if text in by_text]
    rows = [
        {
            "experiment": arm.label,
            "seed": seed,
            "status": run.status,
            "failed": run.failed,
            "epochs": len(run.epoch_log),
            **{
                PER_RUN[metric.text]: level_of(arm, metric).values[seed]  # noqa: PD011 -- a dict
                for metric in measured
            },
            "seconds_per_epoch": epoch_seconds(run),
        }
        for arm in compared.arms.values()
        for seed, run in arm.runs.items()
    ]
    return pd.DataFrame(rows)


def summary_table(compared: StudyRuns, findings: Sequence[Finding]) -> pd.DataFrame:
    """One row a quantity, for ``summary.csv``, unrounded; differences of accuracies in pp."""
    arms = compared.arms
    parts = [
        part
        for arm in arms.values()
        for part in (
            frame(LEVELS, [level_of(arm, metric) for metric in metrics_of(compared)]),
            frame(SECONDS, [arm]),
        )
    ]
    parts.append(frame(DIFFERENCES, [finding for finding in findings if finding.contrast]))
    table = stack(parts).reindex(columns=COLUMNS)
    last = table["experiment"].map({name: arms[name].experiment.training.epochs for name in arms})
    failed = table["experiment"].map({name: count_failed(arm) for name, arm in arms.items()})
    return table.assign(
        epoch=table["epoch"].where(table["epoch"] != LAST, last),
        diverged=failed.where(table["baseline"].isna()),
    ).astype(dict.fromkeys(COUNTS, "Int64"))


def _epoch(metric: Metric, _: str) -> int | None:
    return None if metric.quantity.kind == "time" else metric.epoch or LAST


def _of_time(write: Callable[[Level], float]) -> Callable[[Level, str], float | None]:
    return lambda level, _: write(level) if level.metric.quantity.kind == "time" else None


LAST = 0
"""In place of the number of the last epoch, which the experiment says."""

LEVELS = (
    Column("experiment", "label"),
    Column("quantity", "metric.quantity.name"),
    Column("epoch", "metric", _epoch),
    Column("threshold", "metric.threshold"),
    Column("n", "n"),
    Column("reached", "", _of_time(lambda level: level.reached)),
    Column("mean", "summary.mean"),
    Column("sd", "summary.sd"),
    Column("lower", "summary.interval.low"),
    Column("upper", "summary.interval.high"),
    Column("median", "", _of_time(lambda level: level.median)),
    Column("published", "published"),
)
SECONDS = (
    Column("experiment", "label"),
    Column("quantity", "", lambda *_: "seconds_per_epoch"),
    Column("n", "runs", lambda runs, _: len(runs)),
    Column("median", "", lambda arm, _: seconds_per_epoch(arm)),
)
DIFFERENCES = (
    Column("experiment", "treatment.label"),
    Column("baseline", "baseline.label"),
    Column("quantity", "metric.quantity.name", lambda name, unit: f"{name}_difference_{unit}"),
    Column("epoch", "metric", _epoch),
    Column("n", "n"),
    Column("mean", "contrast.mean_difference", in_unit),
    Column("sd", "contrast.sd", in_unit),
    Column("lower", "contrast.t_interval.low", in_unit),
    Column("upper", "contrast.t_interval.high", in_unit),
    Column("published", "published", lambda value, unit: round(in_unit(value, unit), 10)),
)
