"""``bnbench compare``: draw, write, and print the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bnbench.report.archive import archive
from bnbench.report.compare import compare
from bnbench.report.tables import markdown_table, render_table
from bnbench.runs import write_text


def compare_experiments(folders: Sequence[Path], out: Path, with_runs: bool) -> None:
    """Compare experiments and print the table, its notes, and the paths of what was written."""
    comparison = compare(folders, out)
    paths = [*comparison.paths, out / "summary.md"]
    write_text(paths[-1], markdown_table(comparison))
    if with_runs:
        archive(folders, out)
        paths.append(out / "runs")
    console = Console()
    console.print(render_table(comparison))
    for line in (*comparison.notes, *paths):
        console.print(str(line), highlight=False, markup=False, soft_wrap=True)
