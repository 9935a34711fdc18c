"""``bnbench plan``: what a study would run, what is there already, and why."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bnbench.cli.tables import seed_ranges
from bnbench.config import load_study
from bnbench.execution import Plan, PlannedRun, plan_runs


def print_plan(
    path: Path,
    seeds: int | None,
    small: bool,
    results: Path,
    data_dir: Path | None,
    device: str | None,
    stack: int | None,
) -> None:
    """Print one row for the runs of an experiment that are in one state for one reason."""
    study = load_study(path, small=small, seeds=seeds, device=device, stack=stack)
    plan = plan_runs(study.experiments, study.seeds, results, data_dir=data_dir)
    table = Table("experiment", "seeds", "state", "reason", box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"
    for (name, state, reason), runs in _grouped(plan.planned):
        table.add_row(escape(name), seed_ranges(one.task.seed for one in runs), state, reason)
    console = Console()
    console.print(table)
    console.print(_counts(plan), highlight=False)


def _grouped(
    planned: Iterable[PlannedRun],
) -> list[tuple[tuple[str, str, str], list[PlannedRun]]]:
    def key(one: PlannedRun) -> tuple[str, str, str]:
        reason = one.found.reason
        if one.found.state == "other":
            reason = f"holds a run that differs in {reason}; --fresh replaces it"
        return one.task.experiment.experiment, one.found.state, reason

    return [(name, list(runs)) for name, runs in groupby(sorted(planned, key=key), key=key)]


def _counts(plan: Plan) -> str:
    states = [one.found.state for one in plan.planned]
    counts = (f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))
    return f"{len(states)} runs: {', '.join(counts)}; {plan.epochs} epochs to do"
