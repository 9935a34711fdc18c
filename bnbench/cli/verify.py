"""``bnbench verify`` and ``bnbench diff``: what was found, a line a problem or a short table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bnbench.errors import BnbenchError
from bnbench.runs import Run, find_run, find_runs
from bnbench.verification import (
    Difference,
    Inspection,
    Rerun,
    differing_facts,
    differing_numbers,
    inspect,
    rerun,
    without_manifest,
)

OTHER_BITS = (
    "other bits on the same kind of processor, with the same versions, threads, device and code:"
    " bitwise was promised"
)


def verify_runs(
    folders: Sequence[Path],
    again: bool = False,
    steps: int | None = None,
    data_dir: Path | None = None,
) -> int:
    """Check runs on disk, and do them again if asked to; see ``verify --help``.

    Returns
    -------
    int
        Exit code: 0, or 1 if a run has a problem, or gives other numbers when it is done again.
    """
    if steps is not None and not again:
        raise BnbenchError("--steps: says how much to do again; give --rerun, too")
    inspections = [inspect(run) for run in find_runs(folders)]
    problems = [*without_manifest(folders), *(line for one in inspections for line in one.problems)]
    if problems:
        _print_lines([*problems, "remove the folders of these runs, and train them again"])
        return 1
    if not again:
        Console().print(_status_table(inspections))
        return 0
    return _verify_again([one.run for one in inspections], steps, data_dir)


def _verify_again(runs: Sequence[Run], steps: int | None, data_dir: Path | None) -> int:
    table = Table("run", "holds", "steps compared", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    results: list[tuple[Run, Rerun]] = []
    for run in runs:
        print(f"{run.path}: running again", file=sys.stderr, flush=True)  # noqa: T201
        results.append((run, rerun(run, steps, data_dir)))
    for run, result in results:
        table.add_row(escape(str(run.path)), result.promise, f"{result.steps:,}")
    Console().print(table)
    for run, result in results:
        if result.differences:
            _print_lines(["", str(run.path), *_broken_promise(result)])
            Console().print(_difference_table(result.differences, "then", "now"))
    return 0 if all(result.kept for _, result in results) else 1


def _broken_promise(result: Rerun) -> list[str]:
    return [] if result.kept or not result.alike else [OTHER_BITS]


def print_difference(first: Path, second: Path) -> int:
    """Print what differs between two runs; see ``diff --help``.

    Returns
    -------
    int
        Exit code, as of ``diff``: 0 for the same numbers, 1 for others.
    """
    runs = find_run(first), find_run(second)
    facts, numbers = differing_facts(*runs), differing_numbers(*runs)
    _print_lines([f"A  {runs[0].path}", f"B  {runs[1].path}", ""])
    if facts or numbers:
        Console().print(_difference_table([*facts, *numbers], "A", "B"))
    if not numbers:
        _print_lines(["same numbers"])
    return 1 if numbers else 0


def _status_table(inspections: Sequence[Inspection]) -> Table:
    table = Table("run", "status", "files", "manifest", box=None, pad_edge=False)
    table.columns[0].overflow = "fold"
    for one in inspections:
        files = f"ok, without {', '.join(one.absent)}" if one.absent else "ok"
        manifest = "sealed" if one.sealed else "no seal"
        table.add_row(escape(str(one.run.path)), one.status, files, manifest)
    return table


def _difference_table(differences: Sequence[Difference], first: str, second: str) -> Table:
    table = Table("difference in", first, second, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for one in differences:
        table.add_row(escape(one.what), escape(one.first), escape(one.second))
    return table


def _print_lines(lines: Sequence[str]) -> None:
    console = Console()
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
