"""What losses of batches or probes said of a run, kept by a copy without their files.

No manifest has its hash: it is written when a report keeps the run, see `bnbench.report.archive`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from bnbench.foreign import MEBIBYTE, read_foreign
from bnbench.runs.tables import not_as_written


def measured_file(measured: Mapping[str, float]) -> bytes:
    """Write what `read_measured` reads, to the last digit."""
    rows = (f"{metric},{value!r}\n" for metric, value in measured.items())
    return ("metric,value\n" + "".join(rows)).encode()


def read_measured(path: Path) -> dict[str, float]:
    """Read what losses of batches or probes said of a run whose copy is without their files.

    Returns
    -------
    dict of str to float
        Metric -> value, infinite where it was never reached; empty without the file.
    """
    if not path.exists():
        return {}
    rows = csv.reader(StringIO(read_foreign(path, MEBIBYTE).decode("utf-8", "replace")))
    try:
        header, *numbers = [(name, value) for name, value in rows]
        measured = {name: float(value) for name, value in numbers}
    except (ValueError, csv.Error):
        raise not_as_written(path, "must have two columns, metric and value") from None
    if header != ("metric", "value"):
        raise not_as_written(path, "line 1: must be metric,value")
    return measured
