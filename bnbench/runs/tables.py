"""The CSV files of a run as columns of numbers; nothing in them is trusted."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.runs.directory import MOST_BYTES_OF_A_LOG, Run
from bnbench.runs.logs import BATCH_COLUMNS, EPOCH_COLUMNS, EVALUATION_COLUMNS

Table = NDArray[np.void]
"""Rows of a CSV file, with a name and a type for each column."""

TEXT = "U11"  # a letter more than the longest word: a longer one is not taken for it
EPOCH_TYPES = dict.fromkeys(EPOCH_COLUMNS, "f8") | {"epoch": "i8", "training_mode": TEXT}
BATCH_TYPES = dict.fromkeys(BATCH_COLUMNS, "i8") | {"split": TEXT, "loss": "f8", "accuracy": "f8"}
EVALUATION_TYPES = dict.fromkeys(EVALUATION_COLUMNS, "f8") | {"epoch": "i8", "step": "i8"}
WRITTEN = (string.ascii_letters + string.digits + "_.+-").encode()
"""What cells are made of."""
REMEDY = "it is not as bnbench wrote it: restore it, or move the run's folder away and train again"
LINE_END = b"\n"
FIRST_ROW = 2  # of the file's lines, counted from 1; the first holds the names


@dataclass(frozen=True, eq=False)
class Log:
    """The rows of one file: columns of text, int64 and float64."""

    path: Path
    rows: Table

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, in the order of the file."""
        return self.rows.dtype.names or ()

    def __getitem__(self, column: str) -> NDArray[Any]:
        """All cells of a column, shape (rows,)."""
        return self.rows[column]

    def losses(self) -> NDArray[np.float32]:
        """The losses of batches, nats, as they were measured, shape (rows,)."""
        with np.errstate(over="ignore"):  # no loss of bnbench is that large: it becomes inf
            return self.rows["loss"].astype(np.float32)

    def written(self, column: str) -> list[str]:
        """A column as bnbench writes its numbers: the shortest text that reads back to each."""
        numbers = self.losses() if column == "loss" else self.rows[column].tolist()
        return list(map(str, numbers))

    def cell(self, row: int, column: str) -> str:
        """One cell as bnbench writes it."""
        return Log(self.path, self.rows[row : row + 1]).written(column)[0]

    def line(self, row: int) -> int:
        """The number, from 1, of a row's line in the file."""
        return row + FIRST_ROW

    def of_training(self, steps: int | None = None) -> Log:
        """The training batches, all or the first `steps`."""
        return Log(self.path, self.rows[self.rows["split"] == "train"][:steps])


def read_epochs(run: Run) -> Log:
    """Read ``epochs.csv`` of a run, which may still be going on."""
    return read_log(run.epochs, EPOCH_TYPES)


def read_batches(run: Run) -> Log:
    """Read ``batches.csv`` of a run, which may still be going on."""
    return read_log(run.batches, BATCH_TYPES)


def read_evaluations(run: Run) -> Log:
    """Read ``evaluations.csv``; no rows where the run was not evaluated within its epochs."""
    if not run.evaluations.exists():
        return Log(run.evaluations, np.empty(0, list(EVALUATION_TYPES.items())))
    return read_log(run.evaluations, EVALUATION_TYPES)


def read_log(path: Path, types: Mapping[str, str]) -> Log:
    """Read the columns in `types`, name -> NumPy's type; more may follow them.

    NumPy parses the cells: exact to the last bit, and in a twentieth of Python's time. It would
    let blanks, quotes and empty lines pass, so the text is checked first.
    """
    names, end, rows = read_foreign(path, MOST_BYTES_OF_A_LOG).partition(b"\n")
    columns = names.decode("ascii", "replace").split(",")
    if columns[: len(types)] != list(types):
        raise not_as_written(path, f"line 1: must begin with {','.join(types)}")
    if not (end + rows).endswith(LINE_END):
        raise not_as_written(path, f"line {(end + rows).count(LINE_END) + 1}: was cut off")
    empty_row = b"," * (len(columns) - 1) + b"\n"
    if rows.translate(None, WRITTEN) != empty_row * rows.count(b"\n"):
        raise not_as_written(path, next(_misshapen(rows, len(columns))))
    try:
        return Log(path, _parsed(rows, types))
    except ValueError:
        raise not_as_written(path, next(_unreadable(rows, types))) from None


def not_as_written(path: Path, what: str) -> BnbenchError:
    """The error for a file that bnbench would not have left like that."""
    return BnbenchError(f"{path}: {what}; {REMEDY}")


def _parsed(rows: bytes, types: Mapping[str, str]) -> Table:
    kinds = np.dtype(list(types.items()))
    if not rows:
        return np.empty(0, kinds)
    return np.loadtxt(
        BytesIO(rows), kinds, comments=None, delimiter=",", ndmin=1, usecols=range(len(types))
    )


def _misshapen(rows: bytes, columns: int) -> Iterator[str]:
    """Name the lines that have other cells, or other characters, than bnbench writes."""
    for line, row in enumerate(rows.split(b"\n")[:-1], FIRST_ROW):
        if (cells := row.count(b",") + 1) != columns:
            yield f"line {line}: has {cells} cells, not {columns}"
        elif strange := row.translate(None, WRITTEN + b","):
            yield f"line {line}: holds {strange[:1].decode('latin-1')!r}"


def _unreadable(rows: bytes, types: Mapping[str, str]) -> Iterator[str]:
    """Name the cells that are no numbers."""
    for line, row in enumerate(rows.split(b"\n")[:-1], FIRST_ROW):
        for cell, (name, kind) in zip(row.split(b","), types.items(), strict=False):
            try:
                _parsed(b"1," + cell + b"\n", {"before": "i8", name: kind})
            except ValueError:
                yield f"line {line}: {name}: {cell[:40].decode('ascii')!r} is no number"
