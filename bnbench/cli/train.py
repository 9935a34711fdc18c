"""``bnbench train``: plan, say how long it will take, run, and say where the results are."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console

from bnbench.cli.progress import ended, shown
from bnbench.cli.signals import unless_stopped
from bnbench.cli.tables import failure_table, run_table
from bnbench.config import Experiment, load_experiment
from bnbench.errors import BnbenchError
from bnbench.execution import (
    KEEP_GOING,
    Ended,
    LocalWorkers,
    Plan,
    Rules,
    estimate_seconds,
    plan_runs,
    run_tasks,
)
from bnbench.execution.ray_cluster import RayCluster
from bnbench.training.device import resolve_device

LISTED = 40
"""Runs that are listed one by one at the end; of more, only those that failed are."""


@dataclass(frozen=True)
class Running:
    """How the runs of a command are done.

    Attributes
    ----------
    jobs : int or None
        Runs at a time; ``None``: as many as there is room for.
    rules : Rules
        What is done about runs that fail.
    ray : RayCluster or None
        ``None``: all runs are done on this machine.
    """

    jobs: int | None = None
    rules: Rules = KEEP_GOING
    ray: RayCluster | None = None

    def device_of(self, experiment: Experiment) -> torch.device:
        """Say which device a run gets; see `bnbench.training.device.resolve_device`."""
        return self.ray.device_of(experiment) if self.ray else resolve_device(experiment)


def running(
    jobs: int | None,
    keep_going: bool,
    retries: int,
    time_limit: float | None,
    executor: str,
    ray_address: str | None,
    gpus_per_run: float,
) -> Running:
    """Read the options of a command that does runs.

    Raises
    ------
    BnbenchError
        If options for Ray are given without it.
    """
    rules = Rules(retries, time_limit, fail_fast=not keep_going)
    if executor == "ray":
        return Running(jobs, rules, RayCluster(ray_address, gpus_per_run))
    if ray_address is not None or gpus_per_run:
        raise BnbenchError("--ray-address and --gpus-per-run are for --executor ray; add it")
    return Running(jobs, rules)


def train_experiments(
    configs: Sequence[Path],
    seeds: Sequence[int],
    overrides: Sequence[str],
    results: Path,
    data_dir: Path | None,
    device: str | None,
    stack: int | None,
    fresh: bool,
    how: Running,
) -> int:
    """Run what is still to be done of the given experiments and seeds; see ``train --help``.

    Returns
    -------
    int
        Exit code: 0; 1 if a run failed; 130 or 143 if SIGINT or SIGTERM stopped the command.

    Raises
    ------
    BnbenchError
        If a config is wrong, before anything has run; or if a run was refused, after the others
        have ended.
    """

    def plan_and_run() -> int:
        experiments = _load(configs, overrides, device, stack)
        plan = plan_runs(
            experiments, seeds, results, data_dir=data_dir, fresh=fresh, device_of=how.device_of
        )
        plan.refuse_others()
        return run_plan(plan, how)

    return unless_stopped(plan_and_run)


def _load(
    configs: Sequence[Path], overrides: Sequence[str], device: str | None, stack: int | None
) -> list[Experiment]:
    """Load all configs, and report the problems of all of them together."""
    experiments, problems = [], []
    for path in configs:
        try:
            experiments.append(load_experiment(path, overrides, device, stack))
        except BnbenchError as error:
            problems.append(str(error))
    if problems:
        raise BnbenchError("\n".join(problems))
    return experiments


def run_plan(plan: Plan, how: Running) -> int:
    """Do what is planned, and print how all runs have ended.

    Returns
    -------
    int
        Exit code, as that of `train_experiments`.

    Raises
    ------
    BnbenchError
        If a run was refused, after the others have ended.
    """
    return unless_stopped(lambda: _told(plan, _outcomes(plan, how)))


def _outcomes(plan: Plan, how: Running) -> list[Ended]:
    """Do what is planned, here or on the cluster, and show how far it is."""
    with how.ray.connected() if how.ray and plan.tasks else nullcontext(LocalWorkers()) as workers:
        slots = min(how.jobs or workers.capacity(plan.tasks), max(1, len(plan.tasks)))
        _announce(plan, slots)
        with closing(run_tasks(plan.tasks, slots, how.rules, workers)) as events:
            epochs = sum(task.epochs_left for task in plan.tasks)
            return ended(shown(events, len(plan.tasks), epochs, slots))


def _told(plan: Plan, outcomes: Sequence[Ended]) -> int:
    if len(plan.planned) <= LISTED:
        Console().print(run_table(plan.runs))
    failures = [outcome for outcome in outcomes if outcome.status == "failed"]
    if failures:
        Console(stderr=True).print(failure_table(failures))
    if len(outcomes) < len(plan.tasks):
        print("bnbench: stopped; the same command does what is left", file=sys.stderr)  # noqa: T201
    if refusals := [outcome.message for outcome in outcomes if outcome.status == "refused"]:
        raise BnbenchError("\n".join(refusals))
    return 1 if failures else 0


def _announce(plan: Plan, slots: int) -> None:
    finished = len(plan.planned) - len(plan.left)
    if finished:
        print(f"{finished} of {len(plan.planned)} runs are finished already", file=sys.stderr)  # noqa: T201
    if plan.tasks:
        seconds = estimate_seconds(plan.tasks, slots)
        print(  # noqa: T201
            f"{len(plan.left)} runs of {plan.epochs} epochs in all{_stacked(plan)}, {slots} side by"
            f" side: about {_rounded(seconds)}",
            file=sys.stderr,
        )


def _stacked(plan: Plan) -> str:
    return "" if len(plan.tasks) == len(plan.left) else f", stacked into {len(plan.tasks)}"


def _rounded(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
