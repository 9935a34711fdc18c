"""Which runs are going on, told by their files alone: no run notices that it is looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.runs.directory import Run
from bnbench.runs.manifest import MOST_BYTES
from bnbench.runs.overview import runs_below
from bnbench.runs.schedule import schedule
from bnbench.runs.tables import Table, read_batches, read_epochs

LATEST = 100
"""Training batches over which the loss and the accuracy are averaged."""

SILENT = 60.0
"""Seconds without a new row: usually there are many rows a second, so the run may be dead."""

MARK = b'"status": "running"'


@dataclass(frozen=True)
class RunningRun:
    """A run whose manifest says that it goes on.

    Attributes
    ----------
    path : str
        Of its directory.
    epoch, epochs : int
        The one under way, counted from 1, and how many there will be.
    loss, accuracy : float or None
        Means over the latest training batches; nats, and in [0, 1].
    validation_accuracy : float or None
        After the last whole epoch.
    seconds_left : float or None
        At the pace so far; ``None`` before the first row, and of a run that is silent.
    silent : float
        Seconds since its last row.
    """

    path: str
    epoch: int
    epochs: int
    loss: float | None
    accuracy: float | None
    validation_accuracy: float | None
    seconds_left: float | None
    silent: float


def running_runs(results: Path) -> list[RunningRun]:
    """Look at every run in a folder that goes on, or was killed, in the order of their names."""
    runs = sorted(runs_below(results), key=lambda run: run.path)
    return [found for run in runs for found in _running(run)]


def _running(run: Run) -> Iterator[RunningRun]:
    """Read a run that goes on; one that begins or ends at this very moment is passed over."""
    try:
        if MARK not in read_foreign(run.manifest, MOST_BYTES):  # of most, and takes no time
            return
        manifest, experiment = run.read_manifest(), run.read_experiment()
        batches = read_batches(run).of_training().rows
        # its first line is written with the first epoch
        epochs = read_epochs(run).rows if run.epochs.stat().st_size else batches[:0]
        written = run.batches.stat().st_mtime
    except (BnbenchError, OSError):
        return
    total, begun = experiment.training.epochs, datetime.fromisoformat(manifest.started).timestamp()
    done = len(batches) / max(1, schedule(experiment, manifest.dataset).train_batches)
    pace, silent = _pace(epochs, done, written - begun), max(0.0, time.time() - written)
    left = pace * (total - done) if silent < SILENT else math.nan
    yield RunningRun(
        path=str(run.path),
        epoch=min(len(epochs) + 1, total),
        epochs=total,
        loss=_mean(batches["loss"]),
        accuracy=_mean(batches["accuracy"]),
        validation_accuracy=_mean(epochs["validation_accuracy"][-1:]) if len(epochs) else None,
        seconds_left=left if 0 <= left < math.inf else None,
        silent=silent,
    )


def _mean(column: NDArray[np.float64]) -> float | None:
    mean = float(column[-LATEST:].mean()) if len(column) else math.nan
    return mean if math.isfinite(mean) else None  # killed before it could say that it diverged


def _pace(epochs: Table, done: float, elapsed: float) -> float:
    """Seconds an epoch: by the whole ones, or in the first by its share since the run began."""
    if len(epochs):
        return float((epochs["train_seconds"] + epochs["evaluation_seconds"]).mean())
    return elapsed / done if done else math.nan
