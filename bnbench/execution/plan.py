"""What a command would run: every config checked before the first run starts."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from heapq import heapreplace
from itertools import chain
from pathlib import Path

import torch

from bnbench.config import Experiment, InitializationSettings, differing_keys
from bnbench.data import Split, Splits, SplitSizes, data_folder, describe_splits
from bnbench.errors import BnbenchError, noted
from bnbench.execution.cores import available_cores
from bnbench.execution.tasks import Task
from bnbench.models import find_architecture
from bnbench.runs import EpochRow, Found, Identity, Run, look, run_directory
from bnbench.runs.identity import holds_another
from bnbench.training.check import check_batches, check_experiment
from bnbench.training.checkpoint import epochs_kept
from bnbench.training.code import equal_code
from bnbench.training.device import on_device, reproducible, resolve_device
from bnbench.training.kernels import resolve_kernels, threads_of
from bnbench.training.stack import build_learner, train_seeds


@dataclass(frozen=True)
class PlannedRun:
    """One run of a command: what is there already, and what is to be done for it.

    Attributes
    ----------
    task : Task
        What would do it.
    found : Found
        ``cached``, ``resume``, ``run`` or ``other``, with the reason.
    """

    task: Task
    found: Found

    @property
    def run(self) -> Run:
        """Its directory."""
        return run_directory(self.task.results, self.task.experiment, self.task.seed)


@dataclass(frozen=True)
class Plan:
    """The runs of a command, in order."""

    planned: tuple[PlannedRun, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The directories of all of them."""
        return tuple(planned.run for planned in self.planned)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Those that are still to be done; a stack once, if any of its runs is."""
        to_do = (planned.task for planned in self.left)
        return tuple({(task.experiment.experiment, task.seeds): task for task in to_do}.values())

    @property
    def left(self) -> tuple[PlannedRun, ...]:
        """Those that are still to be done, run by run."""
        return tuple(planned for planned in self.planned if planned.found.state != "cached")

    @property
    def epochs(self) -> int:
        """Epochs of runs that are still to be done."""
        return sum(planned.task.epochs_left for planned in self.left)

    def registered(self, studies: Mapping[str, Mapping[str, str]]) -> Plan:
        """Tell the runs which studies they are done for.

        Parameters
        ----------
        studies : mapping of str to mapping of str to str
            Experiment -> the studies that have it, with the hashes of their questions.
        """

        def told(run: PlannedRun) -> PlannedRun:
            asked = studies.get(run.task.experiment.experiment, {})
            return replace(run, task=replace(run.task, registered=tuple(asked.items())))

        return Plan(tuple(map(told, self.planned)))

    def refuse_others(self) -> None:
        """Refuse directories that hold another run, which is never overwritten unasked."""
        alike: dict[tuple[Path, str], list[PlannedRun]] = {}
        for planned in self.planned:
            if planned.found.state == "other":
                place = planned.run.path.parent, planned.found.reason
                alike.setdefault(place, []).append(planned)
        if alike:
            raise BnbenchError(
                *(holds_another(same[0].run, same[0].found, same[1:]) for same in alike.values())
            )


def plan_runs(
    experiments: Iterable[Experiment],
    seeds: Sequence[int],
    results: Path,
    *,
    data_dir: Path | None = None,
    fresh: bool = False,
    archived: bool = False,
    device_of: Callable[[Experiment], torch.device] = resolve_device,
) -> Plan:
    """Check all experiments and find out which of their runs are still to be done.

    Parameters
    ----------
    seeds : sequence of int
        The runs come seed by seed: stopped early, what is there is paired. Stacks are done whole,
        and their other seeds planned, too.
    data_dir : Path, optional
        By default the user's cache folder. The data set is fetched where it is missing.
    fresh : bool, default False
        Do finished runs again, and replace others.
    archived : bool, default False
        Whether copies without weights and losses of batches, as a report keeps them, count as
        finished: a study needs no more.
    device_of : callable
        Experiment -> the device that its runs get, where they are done.
    """
    experiments = list(experiments)
    refused: list[str] = []
    for experiment in experiments:
        for check in (check_experiment, device_of):
            with noted(refused):
                check(experiment)
    names = [experiment.experiment for experiment in experiments]
    repeated = [
        f"{name}: two of the configs carry this experiment's name; change one"
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if refused or repeated:
        raise BnbenchError(*refused, *repeated)
    described = cache(partial(describe_splits, folder=data_folder(data_dir)))  # unpacks files
    prepared = [
        _identity(experiment, described(experiment.data), device_of) for experiment in experiments
    ]
    wholly = {
        (place, member): (replace(wanted, seed=member), examples)
        for seed in seeds
        for place, (wanted, examples) in enumerate(prepared)
        for member in wanted.experiment.training.seeds_with(seed)
    }
    planned = partial(_planned, results=results, data_dir=data_dir, fresh=fresh, archived=archived)
    plan = Plan(tuple(planned(*run) for run in wholly.values()))
    if plan.tasks:
        _check_writable(results)
    return plan


def merge_plans(plans: Iterable[Plan]) -> Plan:
    """Put plans together; a run that several of them have is done once."""
    merged: dict[Path, PlannedRun] = {}
    for planned in chain.from_iterable(plan.planned for plan in plans):
        first = merged.setdefault(planned.run.path, planned).task.experiment
        if differing := differing_keys(first, planned.task.experiment):
            raise BnbenchError(
                f"{first.experiment}: two studies mean different experiments by this name"
                f" ({'; '.join(differing)}); rename a study or an experiment"
            )
    return Plan(tuple(merged.values()))


def _identity(
    experiment: Experiment, data: SplitSizes, device_of: Callable[[Experiment], torch.device]
) -> tuple[Identity, int]:
    """Say what decides an experiment's numbers here, and how many training examples it has."""
    check_batches(experiment, data.train_examples)
    device = device_of(experiment).type
    kernels = resolve_kernels(experiment, device)
    code = equal_code(experiment, kernels)
    wanted = Identity(experiment, 0, data.dataset_hash, device, code, kernels)
    return wanted, data.train_examples


def _planned(
    wanted: Identity,
    examples: int,
    results: Path,
    data_dir: Path | None,
    *,
    fresh: bool,
    archived: bool,
) -> PlannedRun:
    experiment, seed = wanted.experiment, wanted.seed
    run = run_directory(results, experiment, seed)
    found = Found("run", "--fresh") if fresh else look(run, wanted, archived=archived)
    task = Task(experiment, seed, examples, results, data_dir, fresh)
    if found.state == "resume":
        kept = epochs_kept(run, experiment.training.epochs, task.batches_per_epoch)
        task = replace(task, epochs_kept=kept)
    return PlannedRun(task, found)


def _check_writable(results: Path) -> None:
    """Refuse a results folder that cannot be made or written, and make nothing."""
    nearest = next(path for path in (results, *results.absolute().parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise BnbenchError(f"{results}: cannot be written; give another folder by --results")


STARTUP_SECONDS = 0.5  # of a copied process; the first run also prepares 70,000 images
SIDE_BY_SIDE = 1.15  # runs on neighbouring cores share caches and memory
FEW_EXAMPLES = 128  # two batches, of any network a moment
TIMED_EXAMPLES = 3072  # a fraction of a second of LeNet-5
TIMED_SECONDS = 0.7  # for a large network, which gets as many examples as this allows


def estimate_seconds(tasks: Sequence[Task], jobs: int) -> float:
    """Estimate how long tasks will take, from some training steps timed here and now.

    Parameters
    ----------
    jobs : int
        Runs at a time.

    Returns
    -------
    float
        Seconds, good to about a third.
    """
    alike = {_cost(task.experiment): task.experiment for task in tasks}
    per_example = {cost: _seconds_per_example(tasks) for cost, tasks in alike.items()}
    seconds = [
        STARTUP_SECONDS
        + task.epochs_left * task.train_examples * per_example[_cost(task.experiment)]
        for task in tasks
    ]
    slower = SIDE_BY_SIDE if min(jobs, len(tasks)) > 1 else 1.0
    return _last_end(seconds, jobs) * slower


def _last_end(seconds: Sequence[float], jobs: int) -> float:
    """When the last task ends, if each begins as soon as a place is free: three take two rounds."""
    free = [0.0] * jobs
    for each in seconds:
        heapreplace(free, free[0] + each)
    return max(free)


def _cost(experiment: Experiment) -> Hashable:
    """Name what an example's time depends on: an architecture is timed once, not once a run."""
    training = experiment.training
    return (
        experiment.model, training.batch_size, training.threads, training.stack, training.kernels
    )  # fmt: skip


def _seconds_per_example(experiment: Experiment) -> float:
    """Time few examples, and then as many as are cheap, which give the better estimate."""
    few = max(FEW_EXAMPLES, min(experiment.training.batch_size, TIMED_EXAMPLES))
    seconds = _timed(experiment, few)
    more = min(TIMED_EXAMPLES, int(TIMED_SECONDS / (EPOCHS_TIMED * seconds)) if seconds else 0)
    return _timed(experiment, more - more % few) if more >= 2 * few else seconds


EPOCHS_TIMED = 2


def _timed(experiment: Experiment, examples: int) -> float:
    """Time an epoch on noise, evaluations included; a second one, since the first warms up.

    Of a stack, an example is one of each seed. A device that is not here is another machine's.

    Returns
    -------
    float
        Seconds an example.
    """
    settings = experiment.training
    noise = on_device(_noise(experiment, examples), _device(experiment))
    timed = settings.model_copy(
        update={
            "epochs": EPOCHS_TIMED,
            "initialization": InitializationSettings(),  # the run's own may diverge
            "batch_size": min(settings.batch_size, examples),
            "optimizer": settings.optimizer.model_copy(
                update={"learning_rate": 1e-9, "weight_decay": 0.0}
            ),
        }
    )
    seeds = settings.seeds_with(0)
    threads = min(settings.threads, available_cores())
    with reproducible(threads):
        learner = build_learner(experiment.model_copy(update={"training": timed}), seeds, noise)
        with threads_of(learner.kernels, threads):
            results = train_seeds(learner, noise, seeds)
            rows = [row for _, row in results if isinstance(row, EpochRow)]
    if not rows:  # it diverges on noise, and may at once on its own data
        return 0.0
    last = rows[-1]
    return len(seeds) * (last.train_seconds + last.evaluation_seconds) / examples


def _device(experiment: Experiment) -> torch.device:
    try:
        return resolve_device(experiment)
    except BnbenchError:
        return torch.device("cpu")


def _noise(experiment: Experiment, examples: int) -> Splits:
    size = find_architecture(experiment.model.name).network.image_size
    images = torch.rand(examples, experiment.model.in_channels, size, size)
    split = Split(images, torch.arange(examples) % 10)
    sixth = Split(images[: examples // 6], split.labels[: examples // 6])
    return Splits("noise", "", split, sixth, None, False, 10)
