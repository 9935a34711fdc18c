"""Tables on the terminal, from what the library returns."""

from __future__ import annotations

from collections.abc import Sequence
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
            _percent(final.get("validation_accuracy")),
            _percent(final.get("test_accuracy")),
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


def _percent(accuracy: float | None) -> str:
    return "" if accuracy is None else f"{100 * accuracy:.2f} %"
