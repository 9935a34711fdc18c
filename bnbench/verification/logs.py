"""The logs of a finished run, or of an archived copy: every problem that they have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.runs import (
    MOST_BYTES_OF_A_LOG,
    Log,
    Manifest,
    Run,
    read_batches,
    read_epochs,
    read_evaluations,
)
from bnbench.runs.looks import problems_of_looks, read_looks
from bnbench.runs.losses import NAMES, Losses, losses_of, read_losses
from bnbench.runs.measured import read_measured
from bnbench.runs.problems import (
    disagreement,
    problems_of_batches,
    problems_of_epochs,
    problems_of_evaluations,
)
from bnbench.runs.schedule import Schedule, schedule


def check_logs(run: Run, manifest: Manifest, experiment: Experiment) -> Iterator[str]:
    """Check the logs of a run that has ended, and compare them with each other."""
    epochs, batches, evaluations = read_epochs(run), read_batches(run), read_evaluations(run)
    for log in (batches, epochs, evaluations):
        yield from other_text(log)
    found = [
        *problems_of_epochs(manifest, experiment, epochs),
        *problems_of_batches(manifest, experiment, batches),
    ]
    yield from found
    if not found:
        yield from disagreement(manifest, experiment, epochs, batches)
        planned = schedule(experiment, manifest.dataset)
        yield from _other_losses(run, losses_of(batches, planned), planned, experiment)
    yield from problems_of_evaluations(manifest, experiment, epochs, evaluations, batches)


def check_epochs(run: Run, manifest: Manifest, experiment: Experiment) -> Iterator[str]:
    """Check the epochs and evaluations of an archived copy, which has no ``batches.csv``."""
    epochs, evaluations = read_epochs(run), read_evaluations(run)
    for log in (epochs, evaluations):
        yield from other_text(log)
    if run.losses.exists():
        planned = schedule(experiment, manifest.dataset)
        read_losses(run.losses, planned, experiment.training.epochs)
    yield from problems_of_epochs(manifest, experiment, epochs)
    if run.evaluations.exists():
        yield from problems_of_evaluations(manifest, experiment, epochs, evaluations)


def _other_losses(
    run: Run, due: Losses, planned: Schedule, experiment: Experiment
) -> Iterator[str]:
    """Compare ``losses.npz``, which runs of earlier releases have not, with the batches."""
    if not run.losses.exists():
        return
    kept = read_losses(run.losses, planned, experiment.training.epochs)
    for name in NAMES:
        ours, wanted = getattr(kept, name), getattr(due, name)
        if ours.shape != wanted.shape or not np.allclose(ours, wanted, rtol=1e-6, equal_nan=True):
            yield f"{run.losses}: {name}: does not follow from {run.batches.name}"


def check_looks(run: Run, _: Manifest, experiment: Experiment) -> Iterator[str]:
    """Check what probes saw, file by file."""
    for path in run.probes():
        try:
            yield from problems_of_looks(path, experiment, read_looks(path))
        except BnbenchError as error:
            yield from error.problems


def check_measured(run: Run, _: Manifest, __: Experiment) -> Iterator[str]:
    """Check that what an archived copy has in place of files of its run can be read."""
    read_measured(run.measured)
    return iter(())


def other_text(log: Log) -> Iterator[str]:
    """Name the first cell that is not as bnbench writes it: the shortest text that reads back.

    It costs more than reading the file does.
    """
    if not len(log):
        return
    lines = read_foreign(log.path, MOST_BYTES_OF_A_LOG).decode("ascii").split("\n")[1:]
    written = zip(*map(log.written, log.columns), strict=True)
    for row, (line, cells) in enumerate(zip(lines, written, strict=False)):
        found = tuple(line.split(",")[: len(cells)])
        if found != cells:
            pairs = zip(found, cells, strict=True)
            place = [cell == wanted for cell, wanted in pairs].index(False)
            yield (
                f"{log.path}: line {log.line(row)}: {log.columns[place]}: {found[place][:40]!r}"
                " is no number as bnbench writes it"
            )
            return
