"""What the logs of one run say of each other: an epoch's measures follow from its batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Column = NDArray[Any]
ROUNDING = 1e-12
"""Relative; a mean is recomputed from the very numbers that were averaged, and NumPy may add them
in another order on another processor."""


def correct_answers(accuracies: Floats, examples: Column | int) -> Floats:
    """``accuracy * examples``, to the nearest whole number of correct answers; same shape."""
    counts: Floats = np.rint(np.clip(accuracies, 0, 1) * examples)
    return counts


def are_shares(accuracies: Floats, examples: Column | int) -> NDArray[np.bool_]:
    """Tell which accuracies are a whole number of correct answers divided by the examples.

    Parameters
    ----------
    accuracies : ndarray of float64, shape (n,)
    examples : ndarray of int64, shape (n,), or int
        At least 1.
    """
    shares: NDArray[np.bool_] = correct_answers(accuracies, examples) / examples == accuracies
    return shares


def measures_of_epochs(batches: Mapping[str, Column], epoch_loss: str) -> dict[str, Floats]:
    """Recompute the columns of ``epochs.csv`` that sum up ``batches.csv``.

    Parameters
    ----------
    batches : mapping of str to ndarray, shape (B,)
        The columns ``split``, ``epoch``, ``examples``, ``loss`` (nats) and ``accuracy`` (in
        [0, 1]) of whole epochs, in the order of the file.
    epoch_loss : str
        As `bnbench.config.TrainingSettings.epoch_loss`.

    Returns
    -------
    dict of str to ndarray of float64, shape (E,)
        ``train_loss``, ``validation_loss`` and ``validation_accuracy``. The training accuracy is
        of a pass of its own, which no batch tells of.
    """
    plain = epoch_loss == "mean_of_batches"
    return {
        "train_loss": _losses(batches, "train", plain),
        "validation_loss": _losses(batches, "validation", plain),
        "validation_accuracy": _accuracies(batches, "validation"),
    }


def agree(stated: Floats, recomputed: Floats) -> NDArray[np.bool_]:
    """Tell which measures are the recomputed ones, but for `ROUNDING`."""
    return np.isclose(stated, recomputed, rtol=ROUNDING, atol=0)


def _losses(batches: Mapping[str, Column], split: str, plain: bool) -> Floats:
    """Average the float32 losses of each epoch, in float64."""
    epoch, examples, losses = _of_split(batches, split, "epoch", "examples", "loss")
    weights = np.ones(len(losses)) if plain else examples.astype(np.float64)
    with np.errstate(over="ignore"):  # no loss of bnbench is that large, and inf agrees with none
        rounded = losses.astype(np.float32).astype(np.float64)
    return _sums(rounded * weights, epoch) / _sums(weights, epoch)


def _accuracies(batches: Mapping[str, Column], split: str) -> Floats:
    epoch, examples, accuracies = _of_split(batches, split, "epoch", "examples", "accuracy")
    return _sums(correct_answers(accuracies, examples), epoch) / _sums(examples, epoch)


def _of_split(batches: Mapping[str, Column], split: str, *names: str) -> list[Column]:
    rows = batches["split"] == split
    return [batches[name][rows] for name in names]


def _sums(values: Column, epoch: Column) -> Floats:
    """Sum the rows of each epoch, which stand together; pairwise, as NumPy's means do."""
    sums: Floats = np.add.reduceat(values, np.flatnonzero(np.diff(epoch, prepend=0)))
    return sums
