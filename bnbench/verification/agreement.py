"""The logs of a finished run: every row that is due, numbers that can be, and the same story."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Experiment
from bnbench.runs import EPOCH_COLUMNS, Manifest, Run
from bnbench.runs.agreement import agree, are_shares, measures_of_epochs
from bnbench.verification.logs import FIRST_ROW, Log, read_batches, read_epochs, read_evaluations
from bnbench.verification.schedule import Expected, Schedule, schedule

Floats = NDArray[np.float64]


def check_logs(run: Run, stated: Manifest, experiment: Experiment) -> Iterator[str]:
    """Read the logs of a run that is complete or has diverged, and compare them with each other.

    Yields
    ------
    str
        One line a problem; what the numbers say is looked at where every row is the one due.

    Raises
    ------
    BnbenchError
        If a file is no log of bnbench, or a cell no number.
    """
    planned = schedule(experiment, stated.dataset)
    batches, epochs, evaluations = read_batches(run), read_epochs(run), read_evaluations(run)
    diverged = stated.status == "diverged"
    due = stated.final.epochs or 0 if diverged else experiment.training.epochs
    wrong_rows = [
        *_batch_rows(batches, planned, due, diverged),
        *_epoch_rows(epochs, experiment, due),
    ]
    wrong_rows = wrong_rows or list(
        _misplaced(evaluations, planned.evaluations(len(batches.of_training())))
    )
    yield from wrong_rows
    if not wrong_rows:
        yield from _impossible_batches(batches, diverged)
        yield from _impossible_epochs(epochs, planned)
        yield from _impossible_evaluations(evaluations, planned, diverged)
        yield from _disagreement(batches, epochs, planned, experiment)
        yield from _other_final(run, epochs, stated)


def check_epochs(run: Run, stated: Manifest, experiment: Experiment) -> Iterator[str]:
    """Check the epochs of an archived copy, which has no ``batches.csv``, by themselves.

    Raises
    ------
    BnbenchError
        As `check_logs`.
    """
    planned, epochs = schedule(experiment, stated.dataset), read_epochs(run)
    diverged = stated.status == "diverged"
    due = stated.final.epochs or 0 if diverged else experiment.training.epochs
    wrong_rows = list(_epoch_rows(epochs, experiment, due))
    if run.evaluations.exists() and not diverged and not wrong_rows:
        steps = due * planned.train_batches
        wrong_rows += _misplaced(read_evaluations(run), planned.evaluations(steps))
    yield from wrong_rows
    if not wrong_rows:
        yield from _impossible_epochs(epochs, planned)
        yield from _impossible_evaluations(read_evaluations(run), planned, diverged)
        yield from _other_final(run, epochs, stated)


def _batch_rows(log: Log, planned: Schedule, epochs: int, diverged: bool) -> Iterator[str]:
    """Compare the rows with the plan; a diverged run's go on into one more epoch."""
    problems = list(_misplaced(log, planned.batches(len(log))))
    yield from problems
    least = epochs * planned.epoch_rows + diverged
    most = (epochs + diverged) * planned.epoch_rows
    if not problems and not least <= len(log) <= most:
        wanted = f"{least} to {most}" if diverged else least
        yield f"{log.path}: holds {len(log)} rows, not {wanted}"


def _epoch_rows(log: Log, experiment: Experiment, due: int) -> Iterator[str]:
    always = experiment.training.mode_after_first_epoch == "training"
    numbers = range(1, len(log) + 1)
    problems = list(
        _misplaced(
            log, {"epoch": numbers, "training_mode": [number == 1 or always for number in numbers]}
        )
    )
    yield from problems
    if not problems and len(log) != due:
        yield f"{log.path}: holds {len(log)} epochs, not {due}"


def _misplaced(log: Log, expected: Expected) -> Iterator[str]:
    """Name the first row that is not the expected one, or that there are too many or few."""
    names = ",".join(expected)
    there = list(zip(*(log.cells[name] for name in expected), strict=True))
    due = [tuple(map(str, row)) for row in zip(*expected.values(), strict=True)]
    for line, (found, wanted) in enumerate(zip(there, due, strict=False), FIRST_ROW):
        if found != wanted:
            found_text = ",".join(cell[:40] for cell in found)
            yield f"{log.path}: line {line}: {names} is {found_text}, not {','.join(wanted)}"
            return
    if len(there) != len(due):
        yield f"{log.path}: holds {len(there)} rows, not {len(due)}"


def _impossible_batches(log: Log, diverged: bool) -> Iterator[str]:
    """Check that losses are finite, and accuracies whole numbers of correct answers."""
    finite = np.isfinite(log.losses())
    may_be_infinite = _last_part(log) if diverged else np.zeros(len(log), dtype=np.bool_)
    yield from _wrong(log, "loss", finite | may_be_infinite, "is not finite")
    if diverged and finite.all():
        yield f"{log.path}: every loss is finite, but the manifest says that the run diverged"
    yield from _no_share(log, "accuracy", _examples(log))


def _impossible_epochs(log: Log, planned: Schedule) -> Iterator[str]:
    for name in EPOCH_COLUMNS:
        if name not in ("epoch", "training_mode"):
            yield from _wrong(log, name, np.isfinite(log.floats(name)), "is not finite")
    yield from _no_share(log, "train_accuracy", planned.train_examples)
    yield from _no_share(log, "validation_accuracy", planned.validation_examples)


def _impossible_evaluations(log: Log, planned: Schedule, diverged: bool) -> Iterator[str]:
    for name in ("train_seconds",) if diverged else ("validation_loss", "train_seconds"):
        yield from _wrong(log, name, np.isfinite(log.floats(name)), "is not finite")
    yield from _no_share(log, "validation_accuracy", planned.validation_examples)


def _examples(log: Log) -> Floats:
    return np.array(log.cells["examples"], dtype=np.float64)


def _last_part(batches: Log) -> NDArray[np.bool_]:
    """Mark the rows of the split and epoch in which a run diverged."""
    parts = list(zip(batches.cells["split"], batches.cells["epoch"], strict=True))
    return np.array([part == parts[-1] for part in parts], dtype=np.bool_)


def _no_share(log: Log, column: str, examples: Floats | int) -> Iterator[str]:
    right = are_shares(log.floats(column), examples)
    yield from _wrong(log, column, right, "is no share of the examples")


def _wrong(log: Log, column: str, right: NDArray[np.bool_], what: str) -> Iterator[str]:
    """Name the first row in which `right` is false."""
    rows = np.flatnonzero(~right)
    if rows.size:
        cell = log.cells[column][rows[0]]
        yield f"{log.path}: line {rows[0] + FIRST_ROW}: {column} {cell} {what}"


def _disagreement(
    batches: Log, epochs: Log, planned: Schedule, experiment: Experiment
) -> Iterator[str]:
    """Compare each epoch's measures with those of the batches that they sum up."""
    whole = slice(len(epochs) * planned.epoch_rows)
    columns = {
        "split": np.array(batches.cells["split"])[whole],
        "epoch": np.array(batches.cells["epoch"], dtype=np.int64)[whole],
        "examples": _examples(batches)[whole],
        "loss": batches.losses()[whole],
        "accuracy": batches.floats("accuracy")[whole],
    }
    for name, values in measures_of_epochs(columns, experiment.training.epoch_loss).items():
        right = agree(epochs.floats(name), values)
        yield from _wrong(epochs, name, right, f"does not follow from {batches.path.name}")


def _other_final(run: Run, epochs: Log, stated: Manifest) -> Iterator[str]:
    if stated.final.epochs != len(epochs):
        yield f"{run.manifest}: final.epochs: is {stated.final.epochs}, not {len(epochs)}"
    for name in ("train_accuracy", "validation_accuracy", "validation_loss"):
        final = getattr(stated.final, name)
        last = [str(final)] if final is not None else []
        if last != list(epochs.cells[name][-1:]):
            yield f"{run.manifest}: final.{name}: is not that of the last row of {epochs.path.name}"
