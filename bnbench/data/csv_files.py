"""MNIST as it is widely shared: rows of a label and 784 pixels, in a folder of two CSV files."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bnbench.data.datasets import Dataset, Examples, PublishedData, hashed
from bnbench.errors import BnbenchError
from bnbench.foreign import MEBIBYTE, folder_of, read_foreign

PREFIX: Final = "csv:"
SIDE: Final = 28  # pixels
MOST_BYTES: Final = 512 * MEBIBYTE
"""MNIST's training images are 110 MB of text."""
LONGEST: Final = 8 * (1 + SIDE * SIDE)  # bytes of a line: a number may be filled up with blanks
SHORTEST: Final = 2 * SIDE * SIDE  # of digits and commas
STRAY: Final = 10_000  # lines that may be shorter, such as empty ones
MOST_SAID: Final = 120  # letters of NumPy's words, which hold what it could not read
FEWEST: Final = 24  # training images, of which one in twelve is held out


def csv_dataset(name: str, place: str = "") -> Dataset:
    """Read a folder of ``*train*.csv`` and ``*test*.csv``; the classes are the labels from 0.

    Parameters
    ----------
    name : str
        ``csv:PATH``; PATH is looked for where the command is given.
    place : str, default ""
        Where the name was written, for errors.
    """
    path, where = folder_of(name.removeprefix(PREFIX), place), f"{place}: " if place else ""
    files = [_only(path, f"*{part}*.csv", where) for part in ("train", "test")]
    data = _read(*((file, file.stat().st_size, file.stat().st_mtime_ns) for file in files))
    classes = tuple(map(str, range(int(data.train.labels.max()) + 1)))
    if data.test.labels.max() >= len(classes):
        raise BnbenchError(f"{files[1]}: has labels that {files[0].name} has not")
    if len(data.train.labels) < FEWEST:
        raise BnbenchError(f"{files[0]}: has too few images; {FEWEST} are needed to train with")
    title = f"the images in {path}"
    return Dataset(name=name, title=title, classes=classes, load=lambda _: data)


def _only(path: Path, pattern: str, where: str) -> Path:
    files = sorted(path.glob(pattern))
    if len(files) != 1:
        raise BnbenchError(f"{where}{path}: holds {len(files)} files {pattern}, not 1")
    return files[0]


@lru_cache(maxsize=2)
def _read(*files: tuple[Path, int, int]) -> PublishedData:
    """Read both files, named with their sizes and times: a changed one is read again."""
    return hashed(*(_examples(path) for path, *_ in files))


def _examples(path: Path) -> Examples:
    content = read_foreign(path, MOST_BYTES)
    first, _, others = content.partition(b"\n")
    has_names = not any(cell.strip().isdigit() for cell in first.split(b",", 2)[:2])
    table = _table(path, others if has_names else content, lines_before=int(has_names))
    return Examples(table[:, 1:].reshape(-1, SIDE, SIDE), table[:, 0])


def _table(path: Path, rows: bytes, lines_before: int) -> NDArray[np.uint8]:
    if not rows.strip():
        raise BnbenchError(f"{path}: holds no images")
    _refuse_odd_lines(path, rows)
    try:
        table = np.loadtxt(BytesIO(rows), np.uint8, delimiter=",", comments=None, ndmin=2)
    except ValueError as error:
        after = f" (of the lines after the first {lines_before})" if lines_before else ""
        why = str(error).partition(";")[0][:MOST_SAID]
        raise BnbenchError(
            f"{path}: {why}{after}; rows are a label and {SIDE * SIDE} pixels from 0 to 255"
        ) from None
    if table.shape[1] != 1 + SIDE * SIDE:
        raise BnbenchError(
            f"{path}: has {table.shape[1]} columns, not {1 + SIDE * SIDE}: a label, and"
            f" {SIDE} x {SIDE} pixels"
        )
    return np.ascontiguousarray(table)


def _refuse_odd_lines(path: Path, rows: bytes) -> None:
    """Refuse what NumPy would lay out in twenty times its bytes, or read for minutes."""
    if rows.count(b"\n") > STRAY + len(rows) // SHORTEST:
        raise BnbenchError(f"{path}: has lines that are too short for {SIDE} x {SIDE} pixels")
    if any(len(line) > LONGEST for line in BytesIO(rows)):
        raise BnbenchError(f"{path}: has lines that are too long for {SIDE} x {SIDE} pixels")
