"""``bnbench compare``: draw, write, and print the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bnbench.report.archive import archive
from bnbench.report.compare import compare
from bnbench.report.tables import render_table


def compare_experiments(folders: Sequence[Path], out: Path, with_runs: bool) -> None:
    """Compare experiments and print the table, its notes, and the paths of what was written."""
    comparison = compare(folders, out)
    console = Console()
    console.print(render_table(comparison))
    for line in (*comparison.notes, *comparison.paths):
        console.print(str(line), highlight=False, markup=False, soft_wrap=True)
    if with_runs:
        archive(folders, out)
        console.print(str(out / "runs"), highlight=False, markup=False, soft_wrap=True)
