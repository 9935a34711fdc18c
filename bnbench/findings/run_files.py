"""One run's manifest, configuration and CSV files, read and checked; nothing is trusted.

The folder may come from anywhere. Whatever bnbench would not have written is refused with the
name of the file.
"""

from __future__ import annotations

import math
import string
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnbench.config import Experiment, configuration_hash
from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs import (
    BATCH_COLUMNS,
    EPOCH_COLUMNS,
    EVALUATION_COLUMNS,
    MOST_BYTES_OF_A_LOG,
    Manifest,
    Run,
    changed_since,
)
from bnbench.runs.agreement import agree, are_shares, measures_of_epochs

Table = NDArray[np.void]
"""Rows of a CSV file, with a name and a type for each column."""

TEXT = "U11"  # a letter more than the longest word: a longer one is not taken for it
EPOCH_TYPES = dict.fromkeys(EPOCH_COLUMNS, "f8") | {"epoch": "i8", "training_mode": TEXT}
BATCH_TYPES = dict.fromkeys(BATCH_COLUMNS, "i8") | {"split": TEXT, "loss": "f8", "accuracy": "f8"}
EVALUATION_TYPES = dict.fromkeys(EVALUATION_COLUMNS, "f8") | {"epoch": "i8", "step": "i8"}
WRITTEN = (string.ascii_letters + string.digits + "_.+-").encode()
"""What cells are made of."""

MOST_EVALUATIONS = 10_000_000
"""A run that diverged counts at chance in each of them that it did not come to."""

SPLITS = ("train", "validation")

MOST_BYTES_OF_LOOKS = 8 * MEBIBYTE
"""Of one kind of probe, which keeps 5 MB of numbers at most."""


def read_checked_experiment(run: Run, manifest: Manifest) -> Experiment:
    """Read a run's configuration and check that it is the one the run was made with.

    Raises
    ------
    BnbenchError
        If it cannot be read, or differs from the manifest in name or hash.
    """
    experiment = run.read_experiment()
    if experiment.experiment != manifest.experiment:
        raise _changed(run.config, f"experiment: is not {manifest.experiment!r} as in the manifest")
    if configuration_hash(experiment) != manifest.configuration_hash:
        raise _changed(run.config, "has another configuration hash than the manifest states")
    return experiment


def read_epoch_log(run: Run) -> Table:
    """Read ``epochs.csv`` of a run that may still be going on: its columns, a row an epoch.

    Raises
    ------
    BnbenchError
        If the file is no log of bnbench.
    """
    return _read_csv(run.epochs, EPOCH_TYPES)


def read_batch_log(run: Run) -> Table:
    """Read ``batches.csv`` of a run that may still be going on; see `read_epoch_log`."""
    return _read_csv(run.batches, BATCH_TYPES)


def read_epochs(run: Run, manifest: Manifest, experiment: Experiment) -> pd.DataFrame:
    """Read the epochs of a finished run.

    Parameters
    ----------
    run, manifest, experiment : Run, Manifest, Experiment
        Of status ``complete`` or ``diverged``.

    Returns
    -------
    DataFrame
        The columns of ``epochs.csv``, one row an epoch; no row where the first one diverged.

    Raises
    ------
    BnbenchError
        If the file is missing, is no log of bnbench, or does not fit manifest and configuration.
    """
    epochs = _read_csv(run.epochs, EPOCH_TYPES)
    _check_epochs(run, manifest, experiment, epochs["epoch"])
    if not np.isin(epochs["training_mode"], ("False", "True")).all():
        raise _changed(run.epochs, "training_mode: must be False or True")
    for name in (name for name in EPOCH_COLUMNS if name != "training_mode"):
        if not np.isfinite(epochs[name]).all():
            raise _changed(run.epochs, f"{name}: holds a number that is not finite")
    if not (epochs["train_seconds"] > 0).all():
        raise _changed(run.epochs, "train_seconds: must be positive")
    for split in SPLITS:
        _check_share(run.epochs, f"{split}_accuracy", epochs, manifest.dataset.examples(split))
    for name in ("train_accuracy", "validation_accuracy", "validation_loss"):
        stated = getattr(manifest.final, name)
        if stated is not None and list(epochs[name][-1:]) != [stated]:
            raise _changed(run.epochs, f"{name}: ends with another value than the manifest states")
    return _frame(epochs)


def read_batches(
    run: Run, manifest: Manifest, experiment: Experiment, epochs: pd.DataFrame
) -> pd.DataFrame:
    """Read the batches of a finished run.

    Parameters
    ----------
    run, manifest, experiment : Run, Manifest, Experiment
        Of status ``complete`` or ``diverged``.
    epochs : DataFrame
        As `read_epochs` returns it.

    Returns
    -------
    DataFrame
        The columns of ``batches.csv``, one row a batch; only losses of the split and epoch in
        which a run diverged may be not finite.

    Raises
    ------
    BnbenchError
        As `read_epochs`, or if `epochs` does not follow from the batches.
    """
    batches = _read_csv(run.batches, BATCH_TYPES)
    training, validation = (batches["split"] == split for split in SPLITS)
    if not batches.size or not (training | validation).all():
        raise _changed(run.batches, "split: must be train or validation in one row at least")
    steps = batches["step"][training]
    if not np.array_equal(steps, np.arange(1, len(steps) + 1)):
        raise _changed(run.batches, "step: the training rows must count 1, 2, 3, …")
    _check_batch_epochs(run, experiment, batches["epoch"])
    _check_examples(run, manifest, experiment, batches, len(epochs))
    _check_share(run.batches, "accuracy", batches, batches["examples"])
    last = (batches["split"] == batches["split"][-1]) & (batches["epoch"] == batches["epoch"][-1])
    may_be_infinite = last & (manifest.status == "diverged")
    if not np.isfinite(batches["loss"][~may_be_infinite]).all():
        raise _changed(run.batches, "loss: holds a number that is not finite")
    _check_agreement(run, experiment, epochs, batches)
    return _frame(batches).assign(
        split=pd.Categorical.from_codes(validation.astype(np.int8), pd.Index(SPLITS))
    )


def read_evaluations(
    run: Run, manifest: Manifest, experiment: Experiment, epochs: pd.DataFrame
) -> pd.DataFrame:
    """Read the evaluations within the epochs of a finished run.

    Parameters
    ----------
    run, manifest, experiment : Run, Manifest, Experiment
        Of status ``complete`` or ``diverged``, with ``training.evaluate_every``.
    epochs : DataFrame
        As `read_epochs` returns it.

    Returns
    -------
    DataFrame
        The columns of ``evaluations.csv``, one row an evaluation: after every so many steps, but
        for an epoch's last, whose evaluation is in ``epochs.csv``. Losses may be not finite.

    Raises
    ------
    BnbenchError
        As `read_epochs`.
    """
    rows = _read_csv(run.evaluations, EVALUATION_TYPES)
    per_epoch, every = steps_per_epoch(manifest, experiment), experiment.training.evaluate_every
    count, due = evaluations_due(manifest, experiment, len(rows))
    whole = manifest.status == "complete"
    if (whole and len(rows) != count) or not np.array_equal(rows["step"], due):
        raise _changed(run.evaluations, f"step: must count every {every} steps to the end")
    if not np.array_equal(rows["epoch"], due // per_epoch + 1):
        raise _changed(run.evaluations, f"epoch: must be that of the step, {per_epoch} an epoch")
    images = manifest.dataset.validation_examples
    _check_share(run.evaluations, "validation_accuracy", rows, images)
    steps = np.append(rows["step"], epochs["epoch"] * per_epoch)
    seconds = np.append(rows["train_seconds"], epochs["train_seconds"])[np.argsort(steps)]
    starts_epoch = np.diff((np.sort(steps) - 1) // per_epoch, prepend=-1) > 0
    if not (np.where(starts_epoch, seconds, np.diff(seconds, prepend=0)) > 0).all():
        raise _changed(run.evaluations, "train_seconds: must grow up to the epoch's own")
    return _frame(rows)


def read_looks(path: Path) -> dict[str, NDArray[Any]]:
    """Read what a probe of a run saw, ``probes/<kind>.npz``.

    Returns
    -------
    dict of str to ndarray
        Name -> (looks, ...), float32, and ``step``, int64, of each look.

    Raises
    ------
    BnbenchError
        If the file is not as bnbench writes it.
    """
    content = BytesIO(read_foreign(path, MOST_BYTES_OF_LOOKS))
    try:  # no pickle is ever read
        with np.load(content, allow_pickle=False) as file:
            looks = {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, BadZipFile, zlib.error, EOFError) as error:
        raise _changed(path, f"holds no arrays ({str(error).splitlines()[0]})") from None
    steps = looks.get("step", np.empty((0,)))
    if not steps.size or {seen.shape[:1] for seen in looks.values()} != {steps.shape}:
        raise _changed(path, "must hold as many looks as steps")
    return looks


def evaluations_due(
    manifest: Manifest, experiment: Experiment, first: int
) -> tuple[int, NDArray[np.int64]]:
    """Count the evaluations within the epochs of a whole run, and list the steps of the first ones.

    A copied configuration may speak of a billion steps, so no more are listed than are asked for.

    Returns
    -------
    count : int
    steps : ndarray of int64, shape (first,) or less
        After which they come: every so many, but for those that end an epoch.
    """
    if (every := experiment.training.evaluate_every) is None:
        return 0, np.empty(0, np.int64)
    per_epoch = steps_per_epoch(manifest, experiment)
    last = experiment.training.epochs * per_epoch - 1
    count = last // every - last // math.lcm(every, per_epoch)
    if count > MOST_EVALUATIONS:
        raise BnbenchError(
            f"{experiment.experiment}: plans {count:,} evaluations within its epochs; runs with"
            f" {MOST_EVALUATIONS:,} at most are compared"
        )
    # Of two multiples in a row at most one ends an epoch, or all do.
    steps = np.arange(every, min(last, 2 * (first + 1) * every) + 1, every)
    return count, steps[steps % per_epoch > 0][:first]


def refuse_changes(run: Run, manifest: Manifest, experiment: Experiment) -> None:
    """Refuse a run of which a file is another one than its manifest says; some may not be kept.

    Raises
    ------
    BnbenchError
        Naming the first such file.
    """
    for name, change in changed_since(run, manifest, experiment).items():
        if change == "changed":
            raise _changed(run.path / name, "has changed since the run ended")


def steps_per_epoch(manifest: Manifest, experiment: Experiment) -> int:
    """Count the optimizer steps of an epoch of a run."""
    examples, batch = manifest.dataset.train_examples, experiment.training.batch_size
    return examples // batch if experiment.training.drop_last else math.ceil(examples / batch)


def _read_csv(path: Path, types: dict[str, str]) -> Table:
    """Read the columns in `types`; more may follow them.

    NumPy parses the cells: exact to the last bit, and in a twentieth of Python's time. It would
    let blanks, quotes and empty lines pass, so the text is checked first.
    """
    names, end, rows = read_foreign(path, MOST_BYTES_OF_A_LOG).partition(b"\n")
    columns = names.decode("ascii", "replace").split(",")
    if missing := [name for name in types if name not in columns]:
        raise _changed(path, f"lacks {', '.join(missing)}")
    if not (end + rows).endswith(b"\n"):
        raise _changed(path, "was cut off in its last row")
    empty_row = b"," * (len(columns) - 1) + b"\n"
    if rows.translate(None, WRITTEN) != empty_row * rows.count(b"\n"):
        raise _changed(path, f"is no log of bnbench (not {len(columns)} cells in every row)")
    try:
        return _parse(rows, [(columns.index(name), name, kind) for name, kind in types.items()])
    except ValueError as error:
        raise _changed(path, f"is no log of bnbench ({error})") from None


def _parse(rows: bytes, columns: list[tuple[int, str, str]]) -> Table:
    """Parse the cells of some columns: place, name and type."""
    kinds = np.dtype([(name, kind) for _, name, kind in columns])
    if not rows:
        return np.empty(0, kinds)
    return np.loadtxt(
        BytesIO(rows), kinds, comments=None, delimiter=",", ndmin=1,
        usecols=[place for place, _, _ in columns],
    )  # fmt: skip


def _frame(rows: Table) -> pd.DataFrame:
    return pd.DataFrame({name: rows[name] for name in rows.dtype.names or ()})


def _check_epochs(
    run: Run, manifest: Manifest, experiment: Experiment, epochs: NDArray[np.int64]
) -> None:
    whole = manifest.status == "complete"
    expected = experiment.training.epochs if whole else manifest.final.epochs or 0
    if len(epochs) != expected:
        raise _changed(run.epochs, f"holds {len(epochs)} epochs, not {expected}")
    if not np.array_equal(epochs, np.arange(1, len(epochs) + 1)):
        raise _changed(run.epochs, "epoch: must count 1, 2, 3, …")


def _check_batch_epochs(run: Run, experiment: Experiment, epochs: NDArray[np.int64]) -> None:
    if (np.diff(epochs) < 0).any():
        raise _changed(run.batches, "epoch: must not decrease")
    if epochs[0] < 1 or epochs[-1] > experiment.training.epochs:
        raise _changed(
            run.batches, f"epoch: must lie within the {experiment.training.epochs} configured"
        )


def _check_examples(
    run: Run, manifest: Manifest, experiment: Experiment, batches: Table, epochs: int
) -> None:
    """Check that each whole epoch went over the whole split, or over its whole batches."""
    for split in SPLITS:
        examples = manifest.dataset.examples(split)
        if split == "train" and experiment.training.drop_last:
            examples -= examples % experiment.training.batch_size
        rows = batches["split"] == split
        there = np.bincount(batches["epoch"][rows], batches["examples"][rows], minlength=epochs + 1)
        wrong = np.flatnonzero(there[1 : epochs + 1] != examples)
        if wrong.size:
            found = f"{split} epoch {wrong[0] + 1} has {there[wrong[0] + 1]:.0f} examples"
            raise _changed(run.batches, f"{found}, not {examples}")
    if (batches["examples"] < 1).any():
        raise _changed(run.batches, "examples: must be positive")


def _check_agreement(
    run: Run, experiment: Experiment, epochs: pd.DataFrame, batches: Table
) -> None:
    """Check that the epochs sum their batches up; a diverged run's last one is not among them."""
    whole = batches[: np.searchsorted(batches["epoch"], len(epochs), side="right")]
    recomputed = measures_of_epochs(
        {name: whole[name] for name in BATCH_COLUMNS}, experiment.training.epoch_loss
    )
    for name, values in recomputed.items():
        wrong = np.flatnonzero(~agree(epochs[name].to_numpy(), values))
        if wrong.size:
            found = f"{name}: {epochs[name][wrong[0]]} after epoch {wrong[0] + 1}"
            raise _changed(run.epochs, f"{found} does not follow from {run.batches.name}")


def _check_share(path: Path, name: str, rows: Table, examples: NDArray[np.int64] | int) -> None:
    accuracies = rows[name]
    if not ((accuracies >= 0) & (accuracies <= 1)).all():
        raise _changed(path, f"{name}: must lie between 0 and 1")
    wrong = np.flatnonzero(~are_shares(accuracies, examples))
    if wrong.size:
        raise _changed(path, f"{name}: {accuracies[wrong[0]]} is no share of the examples")


def _changed(path: Path, what: str) -> BnbenchError:
    return BnbenchError(
        f"{path}: {what}; it is not as bnbench wrote it: restore it, or move the run's folder away"
        " and train again"
    )
