"""Tables to CSV, each whole or not at all, and one clear line where a folder cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from bnbench.errors import BnbenchError
from bnbench.runs import written_whole


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV, floats in their shortest round-trip form, and return its path."""
    with written_whole(path) as beside:
        table.to_csv(beside, index=False, lineterminator="\n")
    return path


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn the error of a folder that cannot be written into advice.

    Raises
    ------
    BnbenchError
    """
    try:
        yield
    except OSError as error:
        raise BnbenchError(
            f"{out}: cannot be written ({error.strerror}); give another folder by --out"
        ) from None
