"""``bnbench train``: plan, say how long it will take, run, and say where the results are."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bnbench.cli.progress import ended, shown
from bnbench.cli.tables import failure_table, run_table
from bnbench.config import Experiment, load_experiment
from bnbench.errors import BnbenchError
from bnbench.execution import Plan, estimate_seconds, plan_runs, run_tasks


def train_experiments(
    configs: Sequence[Path],
    seeds: Sequence[int],
    overrides: Sequence[str],
    results: Path,
    data_dir: Path | None,
    jobs: int | None,
    device: str | None,
    fresh: bool,
) -> int:
    """Run what is still to be done of the given experiments and seeds; see ``train --help``.

    Returns
    -------
    int
        Exit code: 0, or 1 if a run failed, or 130 if the user interrupted.

    Raises
    ------
    BnbenchError
        If a config is wrong, before anything has run; or if a run was refused, after the others
        have ended.
    """
    experiments = _load(configs, overrides, device)
    plan = plan_runs(experiments, seeds, results, data_dir=data_dir, fresh=fresh)
    plan.refuse_others()
    slots = min(jobs or available_cores(), max(1, len(plan.tasks)))
    _announce(plan, slots)
    try:
        outcomes = ended(shown(run_tasks(plan.tasks, slots), len(plan.tasks), plan.epochs, slots))
    except KeyboardInterrupt:
        print("bnbench: interrupted; the same command does what is left", file=sys.stderr)  # noqa: T201
        return 130
    Console().print(run_table(plan.runs))
    failures = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failures:
        Console(stderr=True).print(failure_table(failures))
    if refusals := [outcome.message for outcome in outcomes if outcome.status == "refused"]:
        raise BnbenchError("\n".join(refusals))
    return 1 if failures else 0


def _load(
    configs: Sequence[Path], overrides: Sequence[str], device: str | None
) -> list[Experiment]:
    """Load all configs, and report the problems of all of them together."""
    experiments, problems = [], []
    for path in configs:
        try:
            experiments.append(load_experiment(path, overrides, device))
        except BnbenchError as error:
            problems.append(str(error))
    if problems:
        raise BnbenchError("\n".join(problems))
    return experiments


def available_cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _announce(plan: Plan, slots: int) -> None:
    finished = len(plan.planned) - len(plan.tasks)
    if finished:
        print(f"{finished} of {len(plan.planned)} runs are finished already", file=sys.stderr)  # noqa: T201
    if plan.tasks:
        seconds = estimate_seconds(plan.tasks, slots)
        print(  # noqa: T201
            f"{len(plan.tasks)} runs of {plan.epochs} epochs in all, {slots} side by side: about"
            f" {_rounded(seconds)}",
            file=sys.stderr,
        )


def _rounded(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
