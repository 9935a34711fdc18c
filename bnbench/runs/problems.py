"""What is wrong with the files of a finished run, problem by problem; nobody trusts them.

`bnbench.verification` prints all problems of a run, `bnbench.findings` refuses it with the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Experiment, configuration_hash
from bnbench.runs.agreement import agree, are_shares, measures_of_epochs
from bnbench.runs.directory import Run
from bnbench.runs.logs import BATCH_COLUMNS, EPOCH_COLUMNS
from bnbench.runs.manifest import Manifest
from bnbench.runs.schedule import Expected, Schedule, schedule
from bnbench.runs.stopping import stopping_epoch
from bnbench.runs.tables import Log

Rows = NDArray[np.bool_]


def problems_of_configuration(
    run: Run, manifest: Manifest, experiment: Experiment
) -> Iterator[str]:
    """Compare what the manifest states with ``config.yaml`` and the folder's name."""
    pairs = {
        "experiment": (manifest.experiment, experiment.experiment),
        "configuration_hash": (manifest.configuration_hash, configuration_hash(experiment)),
        "dataset.name": (manifest.dataset.name, experiment.data.dataset),
        "dataset.validation_is_test_file": (
            manifest.dataset.validation_is_test_file,
            experiment.data.split == "published",
        ),
        "machine.threads": (manifest.machine.threads, experiment.training.threads),
    }
    for name, (stated, found) in pairs.items():
        if stated != found:
            yield f"{run.manifest}: {name}: is {stated}, but {found} by {run.config}"
    seed, folder = f"seed-{manifest.seed}", run.path.name
    if folder.startswith("seed-") and folder != seed:
        yield f"{run.manifest}: seed: is {seed}, but the folder is {folder}"


def problems_of_epochs(manifest: Manifest, experiment: Experiment, epochs: Log) -> Iterator[str]:
    """Check ``epochs.csv`` by itself, and against the manifest.

    Parameters
    ----------
    manifest, experiment : Manifest, Experiment
        Of a run that is complete or has diverged.
    epochs : Log
        As `bnbench.runs.read_epochs` reads it.

    Yields
    ------
    str
        One line a problem: the file, the line of it, and what is wrong. What the numbers say is
        looked at where every row is the one due.
    """
    always = experiment.training.mode_after_first_epoch == "training"
    number = np.arange(1, len(epochs) + 1)
    mode = np.where((number == 1) | always, "True", "False")
    due = manifest.final.epochs or 0 if _diverged(manifest) else experiment.training.epochs
    if misplaced := _misplaced(epochs, {"epoch": number, "training_mode": mode}):
        yield misplaced
    elif len(epochs) != due:
        yield f"{epochs.path}: holds {len(epochs)} epochs, not {due}"
    else:
        yield from _impossible_epochs(epochs, schedule(experiment, manifest.dataset))
        yield from _other_final(epochs, manifest, experiment)


def problems_of_batches(manifest: Manifest, experiment: Experiment, batches: Log) -> Iterator[str]:
    """Check ``batches.csv`` by itself; see `problems_of_epochs`.

    A run that diverged goes on into one more epoch than it has finished.
    """
    planned, diverged = schedule(experiment, manifest.dataset), _diverged(manifest)
    epochs = manifest.final.epochs or 0 if diverged else experiment.training.epochs
    least = epochs * planned.epoch_rows + diverged
    most = (epochs + diverged) * planned.epoch_rows
    if misplaced := _misplaced(batches, planned.batches(len(batches))):
        yield misplaced
    elif not least <= len(batches) <= most:
        wanted = f"{least} to {most}" if diverged else least
        yield f"{batches.path}: holds {len(batches)} rows, not {wanted}"
    else:
        yield from _impossible_batches(batches, diverged)


def problems_of_evaluations(
    manifest: Manifest, experiment: Experiment, epochs: Log, evaluations: Log,
    batches: Log | None = None,
) -> Iterator[str]:  # fmt: skip
    """Check ``evaluations.csv`` against the epochs that it falls into; see `problems_of_epochs`.

    Of a run that diverged only `batches` tell how many rows are due. A loss may be not finite: the
    training goes on, and may come back.
    """
    planned, due = schedule(experiment, manifest.dataset), len(evaluations)
    if not _diverged(manifest):
        due = planned.evaluations_before(experiment.training.epochs * planned.train_batches)
    elif batches is not None:
        due = planned.evaluations_before(len(batches.of_training()))
    if misplaced := _misplaced(evaluations, planned.evaluations(len(evaluations))):
        yield misplaced
    elif len(evaluations) != due:
        yield f"{evaluations.path}: holds {len(evaluations)} rows, not {due}"
    else:
        examples = planned.validation_examples
        yield from _no_share(evaluations, "validation_accuracy", examples)
        yield from _other_times(evaluations, epochs)


def disagreement(
    manifest: Manifest, experiment: Experiment, epochs: Log, batches: Log
) -> Iterator[str]:
    """Compare each epoch's measures with those of the batches that they sum up.

    Of both no rows but those due are there. The last epoch of a run that diverged has no row.
    """
    whole = slice(len(epochs) * schedule(experiment, manifest.dataset).epoch_rows)
    columns = {name: batches[name][whole] for name in BATCH_COLUMNS}
    for name, values in measures_of_epochs(columns, experiment.training.epoch_loss).items():
        right = agree(epochs[name], values)
        yield from _wrong(epochs, name, right, f"does not follow from {batches.path.name}")


def _diverged(manifest: Manifest) -> bool:
    return manifest.status == "diverged"


def _misplaced(log: Log, due: Expected) -> str:
    """Name the first row that is not the one due; none where there are only too many of them."""
    count = min(map(len, due.values()))
    right = np.all([log[name][:count] == cells for name, cells in due.items()], axis=0)
    if right.all():
        return ""
    row = int(np.flatnonzero(~right)[0])
    found = ",".join(log.cell(row, name) for name in due)
    wanted = ",".join(str(cells[row]) for cells in due.values())
    return f"{log.path}: line {log.line(row)}: {','.join(due)} is {found}, not {wanted}"


def _impossible_epochs(epochs: Log, planned: Schedule) -> Iterator[str]:
    for name in EPOCH_COLUMNS:
        if name not in ("epoch", "training_mode"):
            yield from _wrong(epochs, name, np.isfinite(epochs[name]), "is not finite")
    yield from _wrong(epochs, "train_seconds", epochs["train_seconds"] > 0, "is not positive")
    yield from _no_share(epochs, "train_accuracy", planned.train_examples)
    yield from _no_share(epochs, "validation_accuracy", planned.validation_examples)


def _other_final(epochs: Log, manifest: Manifest, experiment: Experiment) -> Iterator[str]:
    """Compare the last row with what the manifest says of it."""
    final = manifest.final
    for name in ("train_accuracy", "validation_accuracy", "validation_loss"):
        last, stated = next(iter(epochs[name][-1:].tolist()), None), getattr(final, name)
        if last != stated:
            yield f"{epochs.path}: {name} ends with {last}, but the manifest says {stated}"
    if rule := experiment.training.early_stopping:
        stop, stated = stopping_epoch(epochs[rule.watch], rule), final.early_stopping
        if stop != (stated.epoch if stated else None):
            yield f"{epochs.path}: would stop after {stop}, but the manifest says {stated}"
    if final.epochs != len(epochs):
        yield f"{epochs.path}: holds {len(epochs)} epochs, but the manifest says {final.epochs}"


def _impossible_batches(batches: Log, diverged: bool) -> Iterator[str]:
    """Check that losses are finite, and accuracies whole numbers of correct answers."""
    finite = np.isfinite(batches.losses())
    split, epoch = batches["split"], batches["epoch"]
    of_last_part = (split == split[-1:]) & (epoch == epoch[-1:])
    may_be_infinite = of_last_part & diverged
    yield from _wrong(batches, "loss", finite | may_be_infinite, "is not finite")
    if diverged and finite.all():
        yield f"{batches.path}: every loss is finite, but the manifest says that the run diverged"
    yield from _no_share(batches, "accuracy", batches["examples"])


def _other_times(evaluations: Log, epochs: Log) -> Iterator[str]:
    """Check that the seconds of an epoch's evaluations grow, up to the epoch's own."""
    epoch, seconds = evaluations["epoch"], evaluations["train_seconds"]
    first = np.diff(epoch, prepend=0) > 0
    later = np.where(first, seconds, np.diff(seconds, prepend=0)) > 0
    whole = epoch <= len(epochs)
    ends = np.append(epochs["train_seconds"], np.inf)[np.where(whole, epoch - 1, -1)]
    what = "does not lie between that before it and the epoch's own"
    yield from _wrong(evaluations, "train_seconds", later & (seconds < ends), what)


def _no_share(log: Log, column: str, examples: NDArray[np.int64] | int) -> Iterator[str]:
    right = are_shares(log[column], examples)
    yield from _wrong(log, column, right, "is no share of the examples")


def _wrong(log: Log, column: str, right: Rows, what: str) -> Iterator[str]:
    """Name the first row that is not `right`."""
    for row in np.flatnonzero(~right)[:1].tolist():
        yield f"{log.path}: line {log.line(row)}: {column} {log.cell(row, column)} {what}"
