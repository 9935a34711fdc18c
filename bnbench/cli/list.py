"""``bnbench list``: what is in a results folder, a line an experiment or a line a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bnbench.cli.tables import percent, seed_ranges
from bnbench.runs.overview import ListedExperiment, ListedRun, Overview, look_over

UNFOLDED = 10_000
"""Columns, where the output is no terminal: a line stays a line for the program that reads it."""


def print_list(results: Path, by_run: bool, as_json: bool) -> None:
    """Print what a results folder holds; see ``list --help``."""
    overview = look_over(results)
    if as_json:
        print(_json(overview, by_run))  # noqa: T201
        return
    console = Console()
    if not console.is_terminal:
        console.width = UNFOLDED
    console.print(_run_table(overview.runs) if by_run else _table(overview.experiments))
    for problem in overview.problems:
        console.print(problem, highlight=False, markup=False, soft_wrap=True)


def _json(overview: Overview, by_run: bool) -> str:
    rows = overview.runs if by_run else overview.experiments
    name = "runs" if by_run else "experiments"
    content = {name: [asdict(row) for row in rows], "problems": overview.problems}
    return json.dumps(content, allow_nan=False)


def _table(experiments: Sequence[ListedExperiment]) -> Table:
    table = _folding("experiment", "seeds", "runs", "epochs", "validation", "device", "ended")
    for one in experiments:
        statuses = ", ".join(f"{count} {status}" for status, count in one.statuses.items())
        table.add_row(
            escape(one.experiment),
            seed_ranges(one.seeds),
            statuses,
            str(one.epochs),
            percent(one.validation_accuracy),
            escape(", ".join(one.devices)),
            (one.ended or "")[: len("2026-11-20")],
        )
    return table


def _run_table(runs: Sequence[ListedRun]) -> Table:
    table = _folding("run", "status", "epochs", "validation", "ended (UTC)")
    for run in runs:
        table.add_row(
            escape(run.path),
            run.status,
            str(run.epochs),
            percent(run.validation_accuracy),
            (run.ended or "").replace("T", " ").removesuffix("+00:00"),
        )
    return table


def _folding(*columns: str) -> Table:
    table = Table(*columns, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    return table
