"""What is kept of a run's losses wherever the run goes: ``losses.npz``, a few kB beside its logs.

``batches.csv`` has every loss, and half a megabyte. A copy of a run leaves it out.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bnbench.foreign import MEBIBYTE
from bnbench.runs.arrays import read_arrays
from bnbench.runs.directory import MOST_BYTES_OF_A_LOG, Run
from bnbench.runs.files import write_bytes
from bnbench.runs.schedule import Schedule
from bnbench.runs.tables import Log, not_as_written, read_batches

LOSS_WINDOW = 50
"""Steps that a training loss is averaged over before it is held against a threshold."""
BLOCKS = {"train": 20, "validation": 1}
"""Parts of an epoch, whose batches are summed up together."""
MOST_BYTES = 8 * MEBIBYTE  # unpacked: of ten thousand epochs


@dataclass(frozen=True, eq=False)
class Losses:
    """The losses of a run's batches, block by block, nats.

    Attributes
    ----------
    train, validation : ndarray of float32, shape (blocks, 3)
        Minimum, mean over the examples, and maximum of each block's finite losses. NaN where
        there is none.
    train_end, validation_end : ndarray of int64, shape (blocks,)
        Number of each block's last batch, counted from 1 over the split's batches of the run.
    low_step : ndarray of int64, shape (M,)
        Training steps after which the mean of the last `LOSS_WINDOW` losses was lower than ever
        before. They tell, for any loss, the first step at which the mean had come down to it.
    low_mean : ndarray of float64, shape (M,)
        Those means.
    """

    train: NDArray[np.float32]
    train_end: NDArray[np.int64]
    validation: NDArray[np.float32]
    validation_end: NDArray[np.int64]
    low_step: NDArray[np.int64]
    low_mean: NDArray[np.float64]

    def blocks(self, split: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The blocks of a split, and their ends."""
        return getattr(self, split), getattr(self, f"{split}_end")


NAMES = tuple(field.name for field in fields(Losses))


def losses_of(batches: Log, planned: Schedule) -> Losses:
    """Sum up the losses of a run.

    Parameters
    ----------
    batches : Log
        As `bnbench.runs.read_batches` reads it.
    planned : Schedule
        Says how many batches an epoch has, also where a run diverged within its first one.
    """
    of_train = _blocks(batches, "train", planned.train_batches)
    of_validation = _blocks(batches, "validation", planned.validation_batches)
    return Losses(*of_train, *of_validation, *_low_marks(batches.of_training()["loss"]))


def _blocks(
    batches: Log, split: str, per_epoch: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rows = batches.rows[batches["split"] == split]
    epoch, place = np.divmod(np.arange(len(rows)), per_epoch)
    parts = min(BLOCKS[split], per_epoch)
    block = epoch * parts + place * parts // per_epoch
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    if not starts.size:
        return np.empty((0, 3), np.float32), np.empty(0, np.int64)
    known = np.isfinite(rows["loss"])
    loss = np.where(known, rows["loss"], np.nan)
    examples = np.add.reduceat(known * rows["examples"], starts)
    total = np.add.reduceat(np.where(known, loss * rows["examples"], 0.0), starts)
    mean = np.divide(total, examples, out=np.full(len(starts), np.nan), where=examples > 0)
    ends = np.append(starts[1:], len(rows))
    extremes = np.fmin.reduceat(loss, starts), np.fmax.reduceat(loss, starts)
    return np.stack([extremes[0], mean, extremes[1]], axis=1).astype(np.float32), ends


def _low_marks(losses: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    if losses.size < LOSS_WINDOW:
        return np.empty(0, np.int64), np.empty(0)
    means = sliding_window_view(losses, LOSS_WINDOW).mean(axis=1)
    means = np.where(np.isfinite(means), means, np.inf)
    lowest_before = np.append(np.inf, np.minimum.accumulate(means)[:-1])
    at = np.flatnonzero(means < lowest_before)
    return at + LOSS_WINDOW, means[at]


def write_losses(run: Run, planned: Schedule) -> None:
    """Write ``losses.npz`` of a run whose ``batches.csv`` is whole.

    Nothing is written where that log is longer than any command would read.
    """
    if run.batches.stat().st_size > MOST_BYTES_OF_A_LOG:
        return
    losses = losses_of(read_batches(run), planned)
    np.savez_compressed(
        content := BytesIO(), allow_pickle=False, **dict(zip(NAMES, astuple(losses), strict=True))
    )
    write_bytes(run.losses, content.getvalue())


def read_losses(path: Path, planned: Schedule, epochs: int) -> Losses:
    """Read ``losses.npz`` of a run of so many epochs at most; nothing in it is trusted."""
    arrays = read_arrays(path, MOST_BYTES)
    if set(arrays) != set(NAMES):
        raise not_as_written(path, f"must hold {', '.join(NAMES)}")
    losses = Losses(**arrays)
    for split, parts in BLOCKS.items():
        if not _are_blocks(*losses.blocks(split), parts, planned.per_epoch(split), epochs):
            raise not_as_written(path, "must hold a minimum, mean, maximum and end of each block")
    steps, means = losses.low_step, losses.low_mean
    of_steps = means.dtype == np.float64 and means.shape == steps.shape
    if not (of_steps and _rises(steps, epochs * planned.train_batches)):
        raise not_as_written(path, "must hold a mean for each of its steps")
    if not (np.isfinite(means).all() and (np.diff(means) < 0).all()):
        raise not_as_written(path, "low_mean: must fall from step to step")
    return losses


def _are_blocks(
    blocks: NDArray[Any], ends: NDArray[Any], parts: int, per_epoch: int, epochs: int
) -> bool:
    """Whether there are finite losses, or none, for blocks that end where those of such runs do."""
    if blocks.dtype != np.float32 or not _rises(ends, epochs * per_epoch):
        return False
    if blocks.shape != (len(ends), 3) or (ends != _ends(ends, parts, per_epoch)).any():
        return False
    low, mean, high = blocks.T
    known = np.isfinite(blocks).all(axis=1) & (low <= mean) & (mean <= high)
    return bool((known | np.isnan(blocks).all(axis=1)).all())


def _ends(found: NDArray[np.int64], parts: int, per_epoch: int) -> NDArray[np.int64]:
    """The last batch of each block, but that of a run that diverged within its last one."""
    of_epoch = max(1, min(parts, per_epoch))
    epoch, block = np.divmod(np.arange(len(found)), of_epoch)
    due = epoch * per_epoch - -(block + 1) * per_epoch // of_epoch
    return np.append(due[:-1], np.minimum(due[-1:], found[-1:]))


def _rises(numbers: NDArray[Any], most: int) -> bool:
    """Whether these are whole numbers from 1 to `most`, each larger than the one before."""
    whole = numbers.dtype == np.int64 and numbers.ndim == 1
    return whole and bool(
        ((numbers > 0) & (numbers <= most)).all() and (np.diff(numbers) > 0).all()
    )
