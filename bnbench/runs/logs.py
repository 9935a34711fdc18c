"""``batches.csv``, ``epochs.csv``, ``evaluations.csv``: their columns, appended to row by row.

Floats stand in the shortest form that reads back to the same bits: losses are float32,
everything else is float64.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BatchRows:
    """Consecutive batches of one split in one epoch: rows of ``batches.csv``.

    Attributes
    ----------
    split : str
        ``train`` or ``validation``.
    epoch : int
        Counted from 1.
    steps : ndarray of int64, shape (B,)
        For ``train`` the optimizer step (from 1 over the run) whose update used the batch; for
        ``validation`` the last step before it was measured.
    examples : ndarray of int64, shape (B,)
        Examples in each batch.
    losses : ndarray of float32, shape (B,)
        Mean cross-entropy over the batch, nats; of a training batch before its update.
    correct : ndarray of int64, shape (B,)
        Correctly classified examples, in the same forward pass.
    """

    split: str
    epoch: int
    steps: NDArray[np.int64]
    examples: NDArray[np.int64]
    losses: NDArray[np.float32]
    correct: NDArray[np.int64]

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """Share of correct answers in each batch, in [0, 1], shape (B,)."""
        return self.correct / self.examples

    def lines(self) -> Iterable[str]:
        """Yield the rows as text, without line ends."""
        for step, examples, loss, accuracy in zip(
            self.steps.tolist(), self.examples.tolist(), self.losses, self.accuracies, strict=True
        ):
            yield f"{self.split},{self.epoch},{step},{examples},{loss!s},{accuracy!s}"


BATCH_COLUMNS = ("split", "epoch", "step", "examples", "loss", "accuracy")


@dataclass(frozen=True)
class EpochRow:
    """One row of ``epochs.csv``; losses in nats, accuracies in [0, 1], times in seconds.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    train_loss : float
        Over the epoch's training batches, each measured before its update.
    train_accuracy : float
        By a pass over the training split in evaluation mode after the epoch.
    validation_loss, validation_accuracy : float
        By a pass over the validation split in evaluation mode after the epoch.
    learning_rate : float
        Of the epoch's last step.
    train_seconds, evaluation_seconds : float
        Wall-clock time of the updates, and of the two passes after them.
    train_loss_after_epoch : float
        By the pass that gives `train_accuracy`: comparable with `validation_loss`.
    training_mode : bool
        Whether the epoch's updates ran in training mode.
    """

    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float
    train_seconds: float
    evaluation_seconds: float
    train_loss_after_epoch: float
    training_mode: bool

    def line(self) -> str:
        """The row as text, without line end."""
        return ",".join(str(value) for value in astuple(self))


EPOCH_COLUMNS = tuple(field.name for field in fields(EpochRow))


@dataclass(frozen=True)
class EvaluationRow:
    """One row of ``evaluations.csv``: the validation split between two steps of an epoch.

    Attributes
    ----------
    epoch, step : int
        Measured after this optimizer step, counted from 1 over the run.
    validation_loss, validation_accuracy : float
        In evaluation mode; nats, and in [0, 1].
    train_seconds : float
        Wall-clock time of the epoch's updates so far, evaluations left out.
    """

    epoch: int
    step: int
    validation_loss: float
    validation_accuracy: float
    train_seconds: float

    def line(self) -> str:
        """The row as text, without line end."""
        return ",".join(str(value) for value in astuple(self))


EVALUATION_COLUMNS = tuple(field.name for field in fields(EvaluationRow))


@dataclass(frozen=True)
class LogSizes:
    """Bytes of the logs at one moment."""

    batches: int
    epochs: int
    evaluations: int = 0


class RunLogs:
    """The CSV files of a run, open for appending; one flush a call keeps rows whole.

    Parameters
    ----------
    batches, epochs : Path
        The files.
    evaluations : Path, optional
        A third file, where the run is evaluated within its epochs.
    keep : LogSizes, optional
        Cut the files back to these sizes and append; by default they start anew.
    """

    def __init__(
        self,
        batches: Path,
        epochs: Path,
        evaluations: Path | None = None,
        keep: LogSizes | None = None,
    ) -> None:
        sizes = keep or LogSizes(0, 0)
        self._batches = _Log(batches, BATCH_COLUMNS, sizes.batches)
        self._epochs = _Log(epochs, EPOCH_COLUMNS, sizes.epochs)
        self._evaluations = None
        if evaluations is not None:
            self._evaluations = _Log(evaluations, EVALUATION_COLUMNS, sizes.evaluations)

    @property
    def sizes(self) -> LogSizes:
        """Bytes written so far; every row before them is whole."""
        evaluations = self._evaluations.size if self._evaluations else 0
        return LogSizes(self._batches.size, self._epochs.size, evaluations)

    @property
    def hashes(self) -> dict[str, str]:
        """File name -> SHA-256, hex, of the bytes that `sizes` counts."""
        return {log.name: log.sha256 for log in self._all()}

    def __enter__(self) -> RunLogs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for log in self._all():
            log.close()

    def write(self, result: BatchRows | EpochRow | EvaluationRow) -> None:
        """Append one result of the training loop to its file."""
        if isinstance(result, BatchRows):
            self._batches.append(result.lines())
        elif isinstance(result, EpochRow):
            self._epochs.append([result.line()])
        elif self._evaluations is not None:
            self._evaluations.append([result.line()])

    def _all(self) -> list[_Log]:
        return [log for log in (self._batches, self._epochs, self._evaluations) if log is not None]


class _Log:
    """A file that only grows, and the hash of all that is in it, which grows with it."""

    def __init__(self, path: Path, columns: tuple[str, ...], keep: int) -> None:
        self.name = path.name
        self._file = path.open("r+" if keep else "w", encoding="utf-8", newline="\n")
        self._hash = hashlib.sha256()
        if keep:
            self._file.truncate(keep)
            self._file.seek(keep)
            self._hash.update(path.read_bytes())
        else:
            self._write(",".join(columns) + "\n")

    @property
    def size(self) -> int:
        return self._file.tell()

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def append(self, lines: Iterable[str]) -> None:
        self._write("".join(line + "\n" for line in lines))
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _write(self, text: str) -> None:
        self._file.write(text)
        self._hash.update(text.encode())
