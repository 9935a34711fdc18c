"""One run's configuration and logs, read and checked; nothing is trusted.

The folder may come from anywhere. Whatever bnbench would not have written is refused with the
name of the file; `bnbench.runs.problems` finds it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pandas as pd

from bnbench import runs
from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs import Log, Manifest, Run, changed_since
from bnbench.runs import looks as looks_of_runs
from bnbench.runs.looks import Looks, problems_of_looks
from bnbench.runs.problems import (
    disagreement,
    problems_of_batches,
    problems_of_configuration,
    problems_of_epochs,
    problems_of_evaluations,
)
from bnbench.runs.tables import REMEDY, not_as_written


def read_checked_experiment(run: Run, manifest: Manifest) -> Experiment:
    """Read a run's configuration, and refuse another one than the run was made with."""
    experiment = run.read_experiment()
    _refuse_first(problems_of_configuration(run, manifest, experiment))
    return experiment


def read_epochs(run: Run, manifest: Manifest, experiment: Experiment) -> Log:
    """Read the epochs of a finished run, and refuse them if they have a problem.

    Returns
    -------
    Log
        The columns of ``epochs.csv``, one row an epoch; no row where the first one diverged.
    """
    epochs = runs.read_epochs(run)
    _refuse_first(problems_of_epochs(manifest, experiment, epochs))
    return epochs


def read_batches(run: Run, manifest: Manifest, experiment: Experiment, epochs: Log) -> Log:
    """Read the batches of a finished run, and refuse them if the epochs do not follow from them.

    Returns
    -------
    Log
        The columns of ``batches.csv``, one row a batch; only losses of the split and epoch in
        which a run diverged may be not finite.
    """
    batches = runs.read_batches(run)
    _refuse_first(problems_of_batches(manifest, experiment, batches))
    _refuse_first(disagreement(manifest, experiment, epochs, batches))
    return batches


def read_evaluations(run: Run, manifest: Manifest, experiment: Experiment, epochs: Log) -> Log:
    """Read the evaluations within the epochs of a finished run, and refuse what has a problem.

    Returns
    -------
    Log
        The columns of ``evaluations.csv``, one row an evaluation: after every so many steps, but
        for an epoch's last, whose evaluation is in ``epochs.csv``. Losses of a run that diverged
        may be not finite.
    """
    rows = runs.read_evaluations(run)
    _refuse_first(problems_of_evaluations(manifest, experiment, epochs, rows))
    return rows


def frame(log: Log) -> pd.DataFrame:
    """The same columns and rows as a frame."""
    return pd.DataFrame({name: log[name] for name in log.columns})


def _refuse_first(problems: Iterator[str]) -> None:
    for problem in problems:
        raise BnbenchError(f"{problem}; {REMEDY}")


def read_looks(path: Path, experiment: Experiment) -> Looks:
    """Read what a probe of a run saw, and refuse it if it has a problem."""
    looks = looks_of_runs.read_looks(path)
    _refuse_first(problems_of_looks(path, experiment, looks))
    return looks


def read_measured(path: Path) -> dict[str, float]:
    """Read what the losses of batches said of a run whose copy is without them.

    Returns
    -------
    dict of str to float
        Metric -> value, infinite where it was never reached; empty without the file.
    """
    if not path.exists():
        return {}
    rows = csv.reader(StringIO(read_foreign(path, MEBIBYTE).decode("utf-8", "replace")))
    try:
        header, *numbers = [(name, value) for name, value in rows]
        measured = {name: float(value) for name, value in numbers}
    except ValueError:
        raise not_as_written(path, "must have two columns, metric and value") from None
    if header != ("metric", "value"):
        raise not_as_written(path, "line 1: must be metric,value")
    return measured


def refuse_changes(run: Run, manifest: Manifest, experiment: Experiment) -> None:
    """Refuse a run of which a file is another one than its manifest says; some may not be kept."""
    for name, change in changed_since(run, manifest, experiment).items():
        if change == "changed":
            raise not_as_written(run.path / name, "has changed since the run ended")
