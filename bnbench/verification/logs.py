"""A CSV file of a run as columns of text, read strictly; nothing is trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.runs import (
    BATCH_COLUMNS,
    EPOCH_COLUMNS,
    EVALUATION_COLUMNS,
    MOST_BYTES_OF_A_LOG,
    Run,
)

FIRST_ROW = 2  # of the file's lines, counted from 1; the first holds the names


@dataclass(frozen=True)
class Log:
    """The rows of one file.

    Attributes
    ----------
    path : Path
    cells : dict of str to tuple of str
        Column -> its cells, as written.
    """

    path: Path
    cells: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(next(iter(self.cells.values())))

    def floats(self, column: str) -> NDArray[np.float64]:
        """Read a column of float64, shape (rows,).

        Raises
        ------
        BnbenchError
            If a cell is no number in the form that bnbench writes: the shortest that reads back.
        """
        return np.array(self._numbers(column, float), dtype=np.float64)

    def losses(self) -> NDArray[np.float32]:
        """Read the losses of batches, float32 (rows,), nats; raises as `floats`."""
        with np.errstate(over="ignore"):  # 1e999 becomes inf, and is refused
            return np.array(self._numbers("loss", np.float32), dtype=np.float32)

    def _numbers(self, column: str, kind: Callable[[str], object]) -> list[object]:
        numbers = []
        for line, cell in enumerate(self.cells[column], FIRST_ROW):
            try:
                number = kind(cell)
            except ValueError:
                number = None
            if str(number) != cell:
                raise BnbenchError(
                    f"{self.path}: line {line}: {column}: {cell[:40]!r} is no number as bnbench"
                    " writes it"
                )
            numbers.append(number)
        return numbers

    def of_training(self, steps: int | None = None) -> Log:
        """Keep the training batches, all or the first `steps`."""
        rows = [row for row, split in enumerate(self.cells["split"]) if split == "train"][:steps]
        return Log(self.path, {name: _pick(cells, rows) for name, cells in self.cells.items()})


def _pick(cells: Sequence[str], rows: Iterable[int]) -> tuple[str, ...]:
    return tuple(cells[row] for row in rows)


def read_batches(run: Run) -> Log:
    """Read ``batches.csv``; see `read_log`."""
    return read_log(run.batches, BATCH_COLUMNS)


def read_epochs(run: Run) -> Log:
    """Read ``epochs.csv``; see `read_log`."""
    return read_log(run.epochs, EPOCH_COLUMNS)


def read_evaluations(run: Run) -> Log:
    """Read ``evaluations.csv``; no rows where the run was not evaluated within its epochs."""
    if not run.evaluations.exists():
        return Log(run.evaluations, dict.fromkeys(EVALUATION_COLUMNS, ()))
    return read_log(run.evaluations, EVALUATION_COLUMNS)


def read_log(path: Path, columns: Sequence[str]) -> Log:
    """Read a CSV file that bnbench has written.

    Parameters
    ----------
    path : Path
    columns : sequence of str
        Names of the first columns; more may follow.

    Raises
    ------
    BnbenchError
        If it cannot be read, has other columns, a row that is not whole, or a torn last line.
    """
    try:
        *lines, torn = read_foreign(path, MOST_BYTES_OF_A_LOG).decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise BnbenchError(f"{path}: is no text") from None
    if torn:
        raise BnbenchError(f"{path}: line {len(lines) + 1}: was cut off")
    rows = [line.split(",") for line in lines]
    if not rows or tuple(rows[0][: len(columns)]) != tuple(columns):
        raise BnbenchError(f"{path}: line 1: must begin with {','.join(columns)}")
    for line, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise BnbenchError(f"{path}: line {line}: has {len(row)} cells, not {len(rows[0])}")
    names, *rest = rows
    cells = list(zip(*rest, strict=True)) or [()] * len(names)
    return Log(path, dict(zip(names, cells, strict=True)))
