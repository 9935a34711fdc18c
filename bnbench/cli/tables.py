"""Tables on the terminal, from what the library returns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from bnbench.data import FileCheck
    from bnbench.execution import Ended
    from bnbench.runs import Run


def run_table(runs: Sequence[Run]) -> Table:
    """List runs with how they ended and their last accuracies, in per cent."""
    table = Table("run", "status", "epochs", "validation", "test", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for run in runs:
        if not run.manifest.exists():
            continue
        manifest = run.read_manifest()
        final = manifest.final
        table.add_row(
            escape(str(run.path)),
            manifest.status,
            str(final.get("epochs", 0)),
            percent(final.get("validation_accuracy")),
            percent(final.get("test_accuracy")),
        )
    return table


def failure_table(failures: Sequence[Ended]) -> Table:
    """List runs that did not end well, with the last lines of what they said."""
    table = Table("failed run", "why", box=None, pad_edge=False)
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    for failure in failures:
        last_lines = "\n".join(failure.message.strip().splitlines()[-3:])
        table.add_row(escape(failure.task.name), escape(last_lines))
    return table


def file_table(checks: Sequence[FileCheck]) -> Table:
    """List the files of a data set with their checksums."""
    table = Table("file", "bytes", "MD5", "SHA-256", "", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for check in checks:
        table.add_row(
            escape(check.path.name),
            f"{check.size:,}" if check.size is not None else "",
            check.md5,
            check.sha256,
            escape(check.problem or "ok"),
        )
    return table


def seed_ranges(seeds: Iterable[int]) -> str:
    """Write seeds in few characters.

    Examples
    --------
    >>> seed_ranges([3, 0, 1, 2, 7])
    '0-3, 7'
    """
    parts: list[Sequence[int]] = []
    for _, group in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0]):
        run = [seed for _, seed in group]
        parts.append((run[0], run[-1]))
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def percent(accuracy: float | None) -> str:
    """Write an accuracy in [0, 1] in per cent; nothing where there is none."""
    return "" if accuracy is None else f"{100 * accuracy:.2f} %"
