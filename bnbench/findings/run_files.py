"""What a run's files hold, checked; nothing is trusted.

The folder may come from anywhere. Whatever bnbench would not have written is refused with the
name of the file; `bnbench.runs.problems` finds it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

import pandas as pd

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs import Log, Manifest, Run, changed_since
from bnbench.runs.tables import REMEDY, not_as_written


def frame(log: Log) -> pd.DataFrame:
    """The same columns and rows as a frame."""
    return pd.DataFrame({name: log[name] for name in log.columns})


def refuse_first(problems: Iterator[str]) -> None:
    """Refuse a file that has a problem."""
    for problem in problems:
        raise BnbenchError(f"{problem}; {REMEDY}")


def measured_file(measured: Mapping[str, float]) -> bytes:
    """Write what `read_measured` reads, to the last digit."""
    rows = (f"{metric},{value!r}\n" for metric, value in measured.items())
    return ("metric,value\n" + "".join(rows)).encode()


def read_measured(path: Path) -> dict[str, float]:
    """Read what losses of batches or probes said of a run whose copy is without their files.

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
