"""Tables to CSV, each whole or not at all, and one clear line where a folder cannot be written."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from bnbench.errors import BnbenchError
from bnbench.runs import write_bytes
from bnbench.runs.files import remove_unfinished

ABANDONED = 3600.0
"""Seconds; no file is being written for so long, and two commands may write to one folder."""

FORMULAS = ("=", "+", "@", "\t", "\r")


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV, floats in their shortest round-trip form, and return its path.

    Text that a spreadsheet would take for a formula begins with an apostrophe there. A path that
    ends in ``.xz`` is compressed: 60 kB in place of 1 MB of values that repeat their names.
    """
    text = {str(name): table[name].map(_plain) for name in table.select_dtypes(exclude="number")}
    rows = table.assign(**text).to_csv(index=False, lineterminator="\n").encode()
    write_bytes(path, lzma.compress(rows) if path.suffix == ".xz" else rows)
    return path


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Remove what a killed command has left in a folder, and turn its errors into advice."""
    try:
        remove_unfinished(out, older_than=ABANDONED)
        yield
    except OSError as error:
        raise BnbenchError(
            f"{out}: cannot be written ({error.strerror}); give another folder by --out"
        ) from None
