"""``bnbench compare``: draw, write, and print the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bnbench.errors import BnbenchError
from bnbench.registry import unknown
from bnbench.report.archive import archive
from bnbench.report.compare import compare
from bnbench.report.tables import markdown_table, render_table
from bnbench.runs import write_text


def compare_experiments(
    names: Sequence[str], baseline: str | None, results: Path, out: Path, with_runs: bool
) -> None:
    """Compare experiments and print the table, its notes, and the paths of what was written."""
    folders = [_folder(name, results) for name in ([baseline] if baseline else []) + list(names)]
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


def _folder(name: str, results: Path) -> Path:
    """Find a folder given by its path, or an experiment by its name under the results folder."""
    for folder in (Path(name), results / name):
        if folder.is_dir():
            return folder
    finished = {path.parent.parent.relative_to(results).as_posix()
                for path in results.glob("**/seed-*/manifest.json")}  # fmt: skip
    if not finished:
        raise BnbenchError(
            f"{name}: there is no such folder, and {results} holds no run; `bnbench train` makes"
            " runs, and --results names their folder"
        )
    raise unknown("folder or experiment", name, finished)
