"""The numbers of the table: one row a run, one row an experiment, one row a contrast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnbench.findings.arms import Arm
from bnbench.findings.finished_run import FinishedRun
from bnbench.statistics.pairing import pair_by_seed
from bnbench.statistics.summary import summarize
from bnbench.statistics.time_to_accuracy import epochs_to, median_time

THRESHOLDS = (0.97, 0.98)


@dataclass(frozen=True)
class Level:
    """A quantity over n runs, or over n pairs of runs.

    Attributes
    ----------
    epoch : int
        After which it was measured.
    n : int
        Runs (pairs) that have the epoch.
    mean, sd, lower, upper : float
        sd with ddof 1; the ends of the 95 % t interval of the mean. NaN for n = 1. Accuracies
        in [0, 1], differences in percentage points.
    published : float or None
        Of the published run (pair).
    """

    epoch: int
    n: int
    mean: float
    sd: float
    lower: float
    upper: float
    published: float | None = None


@dataclass(frozen=True)
class Time:
    """Epochs until the validation accuracy reaches a threshold.

    Attributes
    ----------
    threshold : float
        In [0, 1].
    n, reached : int
        Runs, and how many of them reach it.
    median : float
        Epochs; infinite where half of the runs or more never reach it.
    published : float or None
        Epochs of the published run.
    """

    threshold: float
    n: int
    reached: int
    median: float
    published: float | None


@dataclass(frozen=True)
class ExperimentRow:
    """One experiment.

    Attributes
    ----------
    experiment : str
    n : int
        Runs, diverged ones included.
    diverged_seeds : tuple of int
    epochs : int
        Of a run that does not diverge.
    first, last : Level or None
        Validation accuracy after epoch 1 and after the last one; ``None`` if no run got there.
    test : Level or None
        Test accuracy after the last epoch, where a test split was held out.
    times : tuple of Time
        One for each of `THRESHOLDS`.
    seconds_per_epoch : float
        Median over runs of the mean over epochs, training and evaluation.
    """

    experiment: str
    n: int
    diverged_seeds: tuple[int, ...]
    epochs: int
    first: Level | None
    last: Level | None
    test: Level | None
    times: tuple[Time, ...]
    seconds_per_epoch: float


@dataclass(frozen=True)
class ContrastRow:
    """Treatment minus baseline in accuracy, paired by seed, in percentage points.

    Attributes
    ----------
    treatment, baseline : str
    n : int
        Seeds that both have.
    epochs : int
        That both have, unless a run diverges.
    first, last : Level or None
        Validation accuracy after epoch 1 and after the last epoch that both have; ``None``
        without a pair.
    test : Level or None
        Test accuracy, after the last epoch of each.
    """

    treatment: str
    baseline: str
    n: int
    epochs: int
    first: Level | None
    last: Level | None
    test: Level | None


def runs_table(arms: Sequence[Arm]) -> pd.DataFrame:
    """Lay out one row a run: how it ended, how soon it reached `THRESHOLDS`, how fast it was."""
    return pd.DataFrame([_run_row(run) for arm in arms for run in arm.runs])


def experiment_rows(
    arms: Sequence[Arm], runs: pd.DataFrame, accuracy: pd.DataFrame
) -> tuple[ExperimentRow, ...]:
    """Summarize each experiment.

    Parameters
    ----------
    arms : sequence of Arm
    runs : DataFrame
        As `runs_table` returns it.
    accuracy : DataFrame
        As `bnbench.report.curves.accuracy_table` returns it: the table repeats its numbers.
    """
    validation = accuracy[accuracy["split"] == "validation"]
    rows = []
    for arm in arms:
        mine = runs[runs["experiment"] == arm.name]
        curve = validation[validation["experiment"] == arm.name]
        rows.append(
            ExperimentRow(
                experiment=arm.name,
                n=len(mine),
                diverged_seeds=tuple(run.seed for run in arm.runs if run.diverged),
                epochs=arm.epochs,
                first=_level(curve, "accuracy", 1),
                last=_level(curve, "accuracy", arm.epochs),
                test=_test(mine, arm.epochs),
                times=tuple(_time(mine, arm, threshold) for threshold in THRESHOLDS),
                seconds_per_epoch=float(mine["seconds_per_epoch"].median()),
            )
        )
    return tuple(rows)


def contrast_rows(
    arms: Sequence[Arm], runs: pd.DataFrame, difference: pd.DataFrame
) -> tuple[ContrastRow, ...]:
    """Summarize each experiment but the first against the first.

    Parameters
    ----------
    arms : sequence of Arm
    runs : DataFrame
        As `runs_table` returns it.
    difference : DataFrame
        As `bnbench.report.curves.difference_table` returns it.
    """
    baseline, *treatments = arms
    rows = []
    for arm in treatments:
        curve = difference[difference["experiment"] == arm.name]
        both = min(arm.epochs, baseline.epochs)
        rows.append(
            ContrastRow(
                treatment=arm.name,
                baseline=baseline.name,
                n=len(arm.seeds & baseline.seeds),
                epochs=both,
                first=_level(curve, "difference", 1),
                last=_level(curve, "difference", both),
                test=_test_difference(runs, arm, baseline),
            )
        )
    return tuple(rows)


def summary_table(
    experiments: Sequence[ExperimentRow], contrasts: Sequence[ContrastRow]
) -> pd.DataFrame:
    """Lay the rows out for ``summary.csv``: one row a quantity, unrounded."""
    rows = []
    for row in experiments:
        known = {"experiment": row.experiment, "diverged": len(row.diverged_seeds)}
        rows += _quantities(row, known, "")
        rows += [known | {"quantity": "epochs_to_accuracy"} | asdict(time) for time in row.times]
        seconds = {"quantity": "seconds_per_epoch", "n": row.n, "median": row.seconds_per_epoch}
        rows.append(known | seconds)
    for contrast in contrasts:
        known = {"experiment": contrast.treatment, "baseline": contrast.baseline}
        rows += _quantities(contrast, known, "_difference_pp")
    columns = [
        "experiment", "baseline", "quantity", "epoch", "threshold", "n", "diverged", "reached",
        "mean", "sd", "lower", "upper", "median", "published",
    ]  # fmt: skip
    counts = dict.fromkeys(("epoch", "n", "diverged", "reached"), "Int64")
    return pd.DataFrame(rows).reindex(columns=columns).astype(counts)


def _quantities(
    row: ExperimentRow | ContrastRow, known: dict[str, Any], suffix: str
) -> list[dict[str, Any]]:
    levels = [("validation", row.first), ("validation", row.last), ("test", row.test)]
    return [
        known | {"quantity": f"{split}_accuracy{suffix}"} | asdict(level)
        for split, level in levels
        if level
    ]


def _run_row(run: FinishedRun) -> dict[str, Any]:
    epochs = run.epochs
    seconds = epochs["train_seconds"] + epochs["evaluation_seconds"]
    return {
        "experiment": run.manifest.experiment,
        "seed": run.seed,
        "status": run.manifest.status,
        "epochs": len(epochs),
        **{_column(t): epochs_to(epochs["validation_accuracy"], t) for t in THRESHOLDS},
        "test_accuracy": run.manifest.final.get("test_accuracy", math.nan),
        "seconds_per_epoch": seconds.mean(),
    }


def _column(threshold: float) -> str:
    return f"epochs_to_{threshold:g}"


def _level(curve: pd.DataFrame, value: str, epoch: int) -> Level | None:
    """Take the mean and the published vertex of an epoch from a tidy table."""
    at = curve[curve["epoch"] == epoch]
    mean, published = at[at["kind"] == "mean"], at[at["kind"] == "published"]
    if mean.empty:
        return None
    row = mean.iloc[0]
    return Level(
        epoch, int(row["n"]), float(row[value]), float(row["sd"]), float(row["lower"]),
        float(row["upper"]), None if published.empty else float(published[value].iloc[0]),
    )  # fmt: skip


def _test(runs: pd.DataFrame, epoch: int) -> Level | None:
    values = runs["test_accuracy"].dropna()
    return None if values.empty else _level_of(values.to_numpy(float), epoch)


def _test_difference(runs: pd.DataFrame, treatment: Arm, baseline: Arm) -> Level | None:
    known = runs.dropna(subset="test_accuracy").set_index("seed")
    values, base = (
        dict(100 * known.loc[known["experiment"] == arm.name, "test_accuracy"])
        for arm in (treatment, baseline)
    )
    if not values.keys() & base.keys():
        return None
    return _level_of(pair_by_seed(values, base).differences, treatment.epochs)


def _level_of(values: NDArray[np.float64], epoch: int) -> Level:
    summary = summarize(values)
    interval = summary.interval
    return Level(epoch, summary.n, summary.mean, summary.sd, interval.low, interval.high)


def _time(runs: pd.DataFrame, arm: Arm, threshold: float) -> Time:
    epochs = runs[_column(threshold)]
    published = arm.published
    return Time(
        threshold=threshold,
        n=len(epochs),
        reached=int(epochs.lt(float("inf")).sum()),
        median=median_time(epochs.to_numpy()),
        published=epochs_to(published.validation_accuracy, threshold) if published else None,
    )
