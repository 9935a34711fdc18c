"""``bnbench compare``: draw, write, and print the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bnbench.report import compare, render_table


def compare_experiments(folders: Sequence[Path], out: Path) -> None:
    """Compare experiments and print the table and the paths of what was written."""
    comparison = compare(folders, out)
    console = Console()
    console.print(render_table(comparison))
    for path in comparison.paths:
        console.print(str(path), highlight=False, markup=False, soft_wrap=True)
