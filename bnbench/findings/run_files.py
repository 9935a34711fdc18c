"""One run's manifest, configuration and CSV files, read and checked; nothing is trusted.

The folder may come from anywhere. Whatever bnbench would not have written is refused with the
name of the file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnbench.config import Experiment, configuration_hash
from bnbench.errors import BnbenchError
from bnbench.runs import BATCH_COLUMNS, EPOCH_COLUMNS, EVALUATION_COLUMNS, Manifest, Run


def _count(cell: str) -> int:
    if not 0 <= (count := int(cell)) < 1 << 63:
        raise ValueError(f"{cell} is no count")
    return count


Parse = Callable[[str], object]
EPOCH_CELLS: dict[str, Parse] = dict.fromkeys(EPOCH_COLUMNS, float) | {
    "epoch": _count,
    "training_mode": ("False", "True").index,  # 0 or 1
}
BATCH_CELLS: dict[str, Parse] = dict.fromkeys(BATCH_COLUMNS, _count) | {
    "split": str,
    "loss": float,
    "accuracy": float,
}
EVALUATION_CELLS: dict[str, Parse] = dict.fromkeys(EVALUATION_COLUMNS, float) | {
    "epoch": _count,
    "step": _count,
}
SPLITS = ("train", "validation")
FIELD_TYPES = {
    "experiment": str, "seed": int, "status": str, "dataset": dict, "versions": dict,
    "machine": dict, "final": dict,
}  # fmt: skip
DATASET_TYPES = {
    "name": str, "sha256": str, "train_examples": int, "validation_examples": int,
    "validation_is_test_file": bool,
}  # fmt: skip


def read_checked_manifest(run: Run) -> Manifest:
    """Read a run's manifest and check the fields that a comparison relies on.

    Raises
    ------
    BnbenchError
        If it is no manifest, or one of these fields is not what bnbench writes there.
    """
    manifest = run.read_manifest()
    for name, kind in FIELD_TYPES.items():
        _check_field(run, name, type(getattr(manifest, name)) is kind)
    for name, kind in DATASET_TYPES.items():
        _check_field(run, f"dataset.{name}", type(manifest.dataset.get(name)) is kind)
    _check_field(run, "seed", 0 <= manifest.seed < 1 << 63)
    for name, value in manifest.final.items():
        _check_field(run, f"final.{name}", type(value) in (int, float))
    _check_field(run, "final.test_accuracy", 0 <= manifest.final.get("test_accuracy", 0) <= 1)
    return manifest


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
    epochs = _read_csv(run.epochs, EPOCH_CELLS)
    numbers = epochs.drop(columns="training_mode")
    _check_epochs(run, manifest, experiment, epochs["epoch"])
    if not np.isfinite(numbers.to_numpy(float)).all():
        raise _changed(run.epochs, "holds a number that is not finite")
    if not (epochs["train_seconds"] > 0).all():
        raise _changed(run.epochs, "train_seconds: must be positive")
    for name in ("train_accuracy", "validation_accuracy"):
        _check_share(run.epochs, epochs[name])
        if name in manifest.final and list(epochs[name][-1:]) != [manifest.final[name]]:
            raise _changed(run.epochs, f"{name}: ends with another value than the manifest states")
    return epochs


def read_batches(run: Run, manifest: Manifest, experiment: Experiment) -> pd.DataFrame:
    """Read the batches of a finished run.

    Parameters
    ----------
    run, manifest, experiment : Run, Manifest, Experiment
        Of status ``complete`` or ``diverged``.

    Returns
    -------
    DataFrame
        The columns of ``batches.csv``, one row a batch; only losses of the split and epoch in
        which a run diverged may be not finite.

    Raises
    ------
    BnbenchError
        As `read_epochs`.
    """
    batches = _read_csv(run.batches, BATCH_CELLS)
    if batches.empty or not batches["split"].isin(SPLITS).all():
        raise _changed(run.batches, "split: must be train or validation in one row at least")
    steps = batches.loc[batches["split"] == "train", "step"]
    if not np.array_equal(steps, np.arange(1, len(steps) + 1)):
        raise _changed(run.batches, "step: the training rows must count 1, 2, 3, …")
    if not batches["epoch"].is_monotonic_increasing:
        raise _changed(run.batches, "epoch: must not decrease")
    _check_share(run.batches, batches["accuracy"])
    last = (batches[["split", "epoch"]] == batches[["split", "epoch"]].iloc[-1]).all(axis=1)
    may_be_infinite = last & (manifest.status == "diverged")
    if not np.isfinite(batches["loss"][~may_be_infinite]).all():
        raise _changed(run.batches, "loss: holds a number that is not finite")
    if manifest.status == "complete":
        _check_examples(run, manifest, experiment, batches)
    return batches


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
    rows = _read_csv(run.evaluations, EVALUATION_CELLS)
    per_epoch, every = steps_per_epoch(manifest, experiment), experiment.training.evaluate_every
    due = evaluations_due(manifest, experiment)
    if manifest.status == "diverged":
        due = due[: len(rows)]
    if not np.array_equal(rows["step"], due):
        raise _changed(run.evaluations, f"step: must count every {every} steps to the end")
    if not np.array_equal(rows["epoch"], due // per_epoch + 1):
        raise _changed(run.evaluations, f"epoch: must be that of the step, {per_epoch} an epoch")
    _check_share(run.evaluations, rows["validation_accuracy"])
    ends = epochs[["epoch", "train_seconds"]].assign(step=epochs["epoch"] * per_epoch)
    clock = pd.concat([rows, ends]).sort_values("step")
    passed = clock.groupby("epoch")["train_seconds"].diff().fillna(clock["train_seconds"])
    if not (passed > 0).all():
        raise _changed(run.evaluations, "train_seconds: must grow up to the epoch's own")
    return rows


def read_predictions(run: Run, manifest: Manifest) -> NDArray[np.uint8]:
    """Read the test file's labels and a complete run's answers to its images.

    Parameters
    ----------
    run, manifest : Run, Manifest

    Returns
    -------
    ndarray of uint8, shape (2, N)
        Labels and predicted classes.

    Raises
    ------
    BnbenchError
        If the file is missing, is not as bnbench writes it, or does not give the accuracy that
        the manifest states.
    """
    is_validation = manifest.dataset["validation_is_test_file"]
    images = manifest.dataset["validation_examples" if is_validation else "test_examples"]
    try:  # mapped: no pickle is ever read, and a header that promises too much costs no memory
        answers = np.lib.format.open_memmap(run.predictions, mode="r")
    except OSError as error:
        raise BnbenchError(f"{run.predictions}: cannot be read ({error.strerror})") from None
    except (ValueError, OverflowError) as error:
        raise _changed(run.predictions, f"is no array ({str(error).splitlines()[0]})") from None
    if answers.dtype != np.dtype(np.uint8) or answers.shape != (2, images):
        raise _changed(run.predictions, f"must be uint8 of shape (2, {images})")
    stated = manifest.final.get("validation_accuracy" if is_validation else "test_accuracy")
    if stated is None or abs((answers[0] == answers[1]).mean() - stated) > 1e-9:
        raise _changed(run.predictions, "gives another accuracy than the manifest states")
    return np.array(answers)


def evaluations_due(manifest: Manifest, experiment: Experiment) -> NDArray[np.int64]:
    """List the steps within epochs after which a whole run is evaluated."""
    if (every := experiment.training.evaluate_every) is None:
        return np.empty(0, np.int64)
    per_epoch = steps_per_epoch(manifest, experiment)
    steps = np.arange(every, experiment.training.epochs * per_epoch, every)
    return steps[steps % per_epoch > 0]


def steps_per_epoch(manifest: Manifest, experiment: Experiment) -> int:
    """Count the optimizer steps of an epoch of a run."""
    examples, batch = int(manifest.dataset["train_examples"]), experiment.training.batch_size
    return examples // batch if experiment.training.drop_last else math.ceil(examples / batch)


def _read_csv(path: Path, cells: dict[str, Parse]) -> pd.DataFrame:
    """Read the columns in `cells`; more may follow them.

    Python parses each cell: exact to the last bit, and strict, whatever the version of pandas.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BnbenchError(
            f"{path}: cannot be read ({error.strerror}); without it the run cannot be compared"
        ) from None
    except ValueError:
        raise _changed(path, "is no log of bnbench (no UTF-8)") from None
    *lines, rest = text.split("\n")
    if rest or not lines:
        raise _changed(path, "was cut off in its last row")
    names, *rows = (line.split(",") for line in lines)
    if missing := [name for name in cells if name not in names]:
        raise _changed(path, f"lacks {', '.join(missing)}")
    try:
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        there = dict(zip(names, columns, strict=True))
        return pd.DataFrame({name: list(map(cells[name], there[name])) for name in cells})
    except ValueError as error:
        raise _changed(path, f"is no log of bnbench, or was cut off ({error})") from None


def _check_epochs(
    run: Run, manifest: Manifest, experiment: Experiment, epochs: pd.Series[int]
) -> None:
    expected = manifest.final.get("epochs", len(epochs))
    if manifest.status == "complete":
        expected = experiment.training.epochs
    if len(epochs) != expected:
        raise _changed(run.epochs, f"holds {len(epochs)} epochs, not {expected}")
    if not np.array_equal(epochs, np.arange(1, len(epochs) + 1)):
        raise _changed(run.epochs, "epoch: must count 1, 2, 3, …")


def _check_examples(
    run: Run, manifest: Manifest, experiment: Experiment, batches: pd.DataFrame
) -> None:
    """Check that every epoch went over the whole split, or over its whole batches."""
    epochs = range(1, experiment.training.epochs + 1)
    there = batches.groupby(["split", "epoch"])["examples"].sum().to_dict()
    for split in SPLITS:
        examples = manifest.dataset[f"{split}_examples"]
        if split == "train" and experiment.training.drop_last:
            examples -= examples % experiment.training.batch_size
        for epoch in epochs:
            if (found := there.pop((split, epoch), 0)) != examples:
                raise _changed(
                    run.batches, f"{split} epoch {epoch} has {found} examples, not {examples}"
                )
    if there:
        raise _changed(run.batches, f"has more than the {len(epochs)} epochs configured")


def _check_share(path: Path, accuracies: pd.Series[float]) -> None:
    if not accuracies.between(0, 1).all():
        raise _changed(path, f"{accuracies.name}: must lie between 0 and 1")


def _check_field(run: Run, name: str, fits: bool) -> None:
    if not fits:
        raise BnbenchError(
            f"{run.manifest}: {name}: is not what bnbench writes there; train the run again"
        )


def _changed(path: Path, what: str) -> BnbenchError:
    return BnbenchError(
        f"{path}: {what}; it is not as bnbench wrote it: remove the run's folder and train again"
    )
