"""A results folder as one table, for whoever goes on from there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bnbench.errors import BnbenchError, noted
from bnbench.runs import EPOCH_COLUMNS, Log, Run, read_epochs
from bnbench.runs.overview import ListedRun, look_over

RUN_COLUMNS = ("experiment", "seed", "status", "path")


def load_results(folder: str | Path = "results") -> pd.DataFrame:
    """Read every run in a folder into one tidy table: one row a run and epoch.

    Parameters
    ----------
    folder : str or Path, default "results"
        A results folder, or the folder of an experiment or of a run.

    Returns
    -------
    DataFrame
        ``experiment`` (as ``bnbench list`` names it), ``seed``, ``status``, ``path``, and the
        columns of ``epochs.csv``: losses in nats, accuracies in [0, 1]. Runs that go on, or
        failed, have the epochs that they have done.
    """
    overview = look_over(Path(folder))
    logs: list[tuple[ListedRun, Log]] = []
    problems = list(overview.problems)
    for run in overview.runs:
        if not run.epochs and not Run(Path(run.path)).epochs.exists():
            continue  # before the first of them
        with noted(problems):
            logs.append((run, read_epochs(Run(Path(run.path)))))
    if problems:
        raise BnbenchError(*problems)
    return _stacked(logs)


def _stacked(logs: list[tuple[ListedRun, Log]]) -> pd.DataFrame:
    """Put all rows under each other; one frame a run would take ten times as long."""
    lengths = [len(rows) for _, rows in logs]
    columns = {
        name: np.repeat(np.array([getattr(run, name) for run, _ in logs], object), lengths)
        for name in RUN_COLUMNS
    }
    for name in EPOCH_COLUMNS:
        columns[name] = np.concatenate([rows[name] for _, rows in logs]) if logs else np.empty(0)
    return pd.DataFrame(columns).astype({"seed": "int64"})
