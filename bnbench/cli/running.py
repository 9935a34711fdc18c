"""What every verb that does runs does with a plan: say how long it takes, run, say how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

import torch
from rich.table import Table

from bnbench.cli.labels import base_name, short_labels
from bnbench.cli.names import RESULTS
from bnbench.cli.options import Executor, RunOptions
from bnbench.cli.progress import shown
from bnbench.cli.signals import unless_stopped
from bnbench.cli.terminal import if_known, percent, say, say_json, show, table, tell
from bnbench.config import Experiment, configuration_hash
from bnbench.errors import BnbenchError
from bnbench.execution.cores import available_cores
from bnbench.execution.plan import Plan, estimate_seconds, merge_plans, plan_runs
from bnbench.execution.pool import LocalWorkers
from bnbench.execution.ray_cluster import RayCluster
from bnbench.execution.schedule import Rules, run_tasks
from bnbench.execution.tasks import Ended
from bnbench.runs import TORCH, Manifest, Run, refuse_packed
from bnbench.runs.failure import failing_accuracy, has_failed
from bnbench.runs.manifest import Final
from bnbench.training.device import resolve_device
from bnbench.training.kernels import resolve_kernels
from bnbench.words import counted

LISTED = 40
"""Runs that are listed one by one at the end; of more, only those that failed are."""


@dataclass(frozen=True)
class Running:
    """How the runs of a command are done.

    Attributes
    ----------
    how : RunOptions
        What the command was given.
    rules : Rules
        What is done about runs that fail.
    ray : RayCluster or None
        ``None``: all runs are done on this machine.
    """

    how: RunOptions
    rules: Rules
    ray: RayCluster | None

    @classmethod
    def of(cls, how: RunOptions) -> Running:
        """Read the options of a command that does runs; those for Ray are refused without it."""
        refuse_packed(how.results)
        ray = None
        if how.executor is Executor.RAY:
            ray = RayCluster(how.ray_address, how.gpus_per_run)
        elif how.ray_address is not None or how.gpus_per_run:
            raise BnbenchError("--ray-address and --gpus-per-run are for --executor ray; add it")
        rules = Rules(how.retries, how.time_limit, fail_fast=not how.keep_going)
        return cls(how, rules, ray)

    def device_of(self, experiment: Experiment) -> torch.device:
        """Say which device a run gets; see `bnbench.training.device.resolve_device`."""
        return self.ray.device_of(experiment) if self.ray else resolve_device(experiment)

    def plan(
        self,
        wanted: Iterable[tuple[Iterable[Experiment], Sequence[int]]],
        *,
        archived: bool = False,
    ) -> Plan:
        """Plan experiments at seeds, group by group; no run may replace another unasked."""
        how = self.how
        plan = merge_plans(
            plan_runs(
                experiments,
                seeds,
                how.results,
                data_dir=how.data_dir,
                fresh=how.fresh,
                archived=archived,
                device_of=self.device_of,
            )
            for experiments, seeds in wanted
        )
        plan.refuse_others()
        return plan


def run_plan(plan: Plan, running: Running) -> int:
    """Do what is planned, and print how all runs have ended.

    Returns
    -------
    int
        Exit code: 0; 1 if a run failed; 130 or 143 if SIGINT or SIGTERM stopped the command.
    """
    return unless_stopped(
        lambda: _told(plan, _outcomes(plan, running), listing=not running.how.as_json)
    )


def _outcomes(plan: Plan, running: Running) -> list[Ended]:
    """Do what is planned, here or on the cluster, and show how far it is."""
    ray = running.ray
    with ray.connected() if ray and plan.tasks else nullcontext(LocalWorkers()) as workers:
        _prepare(plan, running)
        slots = min(running.how.jobs or workers.capacity(plan.tasks), max(1, len(plan.tasks)))
        if any(running.device_of(task.experiment).type == "mps" for task in plan.tasks):
            tell("nothing of this was ever tried on Apple's GPU (mps); --device cpu was")
        if not ray:
            _warn_of_threads(
                max((task.experiment.training.threads for task in plan.tasks), default=1)
            )
        _announce(plan, slots)
        with closing(run_tasks(plan.tasks, slots, running.rules, workers)) as events:
            epochs = sum(task.epochs_left for task in plan.tasks)
            passing = shown(events, len(plan.tasks), epochs, slots, _names(plan))
            return [event for event in passing if isinstance(event, Ended)]


def _names(plan: Plan) -> dict[str, str]:
    """Name experiments in lines: without the overrides that all of them share."""
    names = [task.experiment.experiment for task in plan.tasks]
    alone = len(set(names)) == 1
    return {names[0]: base_name(names[0])} if alone else short_labels(names)[1]


def _prepare(plan: Plan, running: Running) -> None:
    """Compile the kernels that runs will use, so that their processes find them compiled."""
    alike = {repr(task.experiment): task.experiment for task in plan.tasks}.values()
    if any(
        resolve_kernels(experiment, running.device_of(experiment).type) != TORCH
        for experiment in alike
    ):
        from bnbench.kernels.preparation import prepare

        prepare(tell)


def _told(plan: Plan, outcomes: Sequence[Ended], *, listing: bool) -> int:
    if listing and len(plan.planned) <= LISTED:
        show(_run_table(plan.runs))
    if listing:
        _say_failures(plan.runs)
    failures = [outcome for outcome in outcomes if outcome.status == "failed"]
    _tell_failures(failures)
    if len(outcomes) < len(plan.tasks):
        tell("bnbench: stopped; the same command does what is left")
    if refusals := [line for outcome in outcomes for line in _refusals(outcome)]:
        raise BnbenchError(*refusals)
    return 1 if failures else 0


def _refusals(outcome: Ended) -> list[str]:
    """List why a run was refused, unless another command was at work on it, and finished it."""
    if outcome.status != "refused":
        return []
    wanted = configuration_hash(outcome.task.experiment)
    with suppress(BnbenchError):
        manifests = [run.read_manifest() for run in outcome.task.runs]
        if all(
            manifest.finished and manifest.configuration_hash == wanted for manifest in manifests
        ):
            return []
    return outcome.message.split("\n")


def _run_table(runs: Sequence[Run]) -> Table:
    """Lay out runs with how they ended and their last accuracies, in per cent."""
    manifests = [manifest for _, manifest in _begun(runs)]
    shared, labels = short_labels(manifest.experiment for manifest in manifests)
    if shared:
        say(f"All runs: {shared}.")
    rows = [
        (
            f"{labels[manifest.experiment]}, seed {manifest.seed}",
            manifest.status,
            if_known(manifest.final.epochs),
            percent(manifest.final.validation_accuracy),
            percent(manifest.final.test_accuracy),
        )
        for manifest in manifests
    ]
    return table(("run", "status", "epochs", "validation", "test"), rows)


def _begun(runs: Sequence[Run]) -> list[tuple[Run, Manifest]]:
    return [(run, run.read_manifest()) for run in runs if run.manifest.exists()]


def _say_failures(runs: Sequence[Run]) -> None:
    """Say in how many runs training failed, and how."""
    finished = [manifest for _, manifest in _begun(runs) if manifest.finished]
    failed = [manifest for manifest in finished if has_failed(manifest)]
    if not failed:
        return
    near = [manifest for manifest in failed if manifest.status != "diverged"]
    limits = sorted({percent(failing_accuracy(manifest.dataset)) for manifest in near})
    diverged = len(failed) - len(near)
    how = [f"{diverged} diverged"] if diverged else []
    if near:
        how += [f"{len(near)} ended near chance (at most {' or '.join(limits)})"]
    of = f"{len(failed)} of {counted(len(finished), 'run')}"
    say(f"Training failed in {of}: {', '.join(how)}.")


def say_means(runs: Sequence[Run], results: Path) -> None:
    """Say how each experiment ended over its seeds, and which command compares them."""
    ended: dict[str, list[Final]] = {}
    for _, manifest in _begun(runs):
        if manifest.status == "complete":
            ended.setdefault(manifest.experiment, []).append(manifest.final)
    if not ended:
        return
    _, labels = short_labels(ended)
    rows = [
        (
            labels[name],
            str(len(finals)),
            _spread([final.validation_accuracy for final in finals]),
            _spread([final.test_accuracy for final in finals]),
        )
        for name, finals in ended.items()
    ]
    show(table(("experiment", "seeds", "validation", "test"), rows))
    baseline, *others = ended
    if others:
        where = "" if results == RESULTS else f" --results {results}"
        say(f"Compare them: bnbench compare {' '.join(others)} --baseline {baseline}{where}")


def say_runs(runs: Sequence[Run]) -> None:
    """Say for programs how each run ended."""
    say_json(
        [
            {
                "run": str(run.path),
                "experiment": manifest.experiment,
                "seed": manifest.seed,
                "status": manifest.status,
                "epochs": manifest.final.epochs or 0,
                "validation_accuracy": manifest.final.validation_accuracy,
                "test_accuracy": manifest.final.test_accuracy,
            }
            for run, manifest in _begun(runs)
        ]
    )


def _spread(accuracies: Sequence[float | None]) -> str:
    """Write the mean and the standard deviation of accuracies, in per cent."""
    known = [accuracy for accuracy in accuracies if accuracy is not None]
    if len(known) < 2:
        return percent(known[0] if known else None)
    return f"{100 * fmean(known):.2f} ± {100 * stdev(known):.2f} %"


def _tell_failures(failures: Sequence[Ended]) -> None:
    """Say of each run that did not end well why, in full: a traceback cut short helps nobody."""
    for failure in failures:
        tell(f"bnbench: {failure.task.name} failed:")
        for line in failure.message.strip().split("\n"):
            tell(f"  {line}")


def _announce(plan: Plan, slots: int) -> None:
    finished = len(plan.planned) - len(plan.left)
    if finished:
        are = "is" if len(plan.planned) == 1 else "are"
        tell(f"{finished} of {counted(len(plan.planned), 'run')} {are} finished already")
    if plan.tasks:
        seconds = estimate_seconds(plan.tasks, slots)
        tell(
            f"{counted(len(plan.left), 'run')} with {counted(plan.epochs, 'epoch')} in all"
            f"{_stacked(plan)}, {slots} at a time: about {_rounded(seconds)}"
        )


def _warn_of_threads(threads: int) -> None:
    """Say that threads will wait for each other: their number decides bits, and is not changed."""
    if threads > (cores := available_cores()):
        tell(f"training.threads is {threads}, and {counted(cores, 'core')} are here: this is slow")


def _stacked(plan: Plan) -> str:
    return "" if len(plan.tasks) == len(plan.left) else f", stacked into {len(plan.tasks)}"


def _rounded(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
