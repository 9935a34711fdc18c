"""What a command would run: every config checked before the first run starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from bnbench.config import Experiment
from bnbench.data import Split, Splits, data_folder, describe_splits
from bnbench.errors import BnbenchError
from bnbench.execution.pool import Task
from bnbench.models import find_architecture, resolve_model
from bnbench.runs import EpochRow, Run, is_finished, run_directory
from bnbench.training.check import check_batch_of_one, check_experiment
from bnbench.training.checkpoint import epochs_kept
from bnbench.training.device import reproducible, resolve_device
from bnbench.training.initialization import initial_model
from bnbench.training.loop import train


@dataclass(frozen=True)
class Plan:
    """The runs of a command, in order."""

    runs: tuple[Run, ...]
    tasks: tuple[Task, ...]
    """Those that are still to be done."""

    @property
    def epochs(self) -> int:
        """Epochs that are still to be done."""
        return sum(task.experiment.training.epochs - task.epochs_kept for task in self.tasks)


def plan_runs(
    experiments: Iterable[Experiment],
    seeds: Sequence[int],
    results: Path,
    *,
    data_dir: Path | None = None,
    fresh: bool = False,
) -> Plan:
    """Check all experiments and find out which of their runs are still to be done.

    Parameters
    ----------
    experiments : iterable of Experiment
    seeds : sequence of int
    results : Path
    data_dir : Path, optional
        By default the user's cache folder. The data set is fetched where it is missing.
    fresh : bool, default False
        Do finished runs again.

    Raises
    ------
    BnbenchError
        With one line a problem, of all experiments together; nothing has been run.
    """
    experiments = list(experiments)
    problems = [str(error) for one in experiments for error in _problems(one)]
    names = [experiment.experiment for experiment in experiments]
    problems += [
        f"{name}: two of the configs carry this experiment's name; change one"
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if problems:
        raise BnbenchError("\n".join(problems))
    _check_writable(results)
    runs: list[Run] = []
    tasks: list[Task] = []
    for experiment in experiments:
        data = describe_splits(experiment.data, data_folder(data_dir))
        check_batch_of_one(experiment, data.train_examples)
        batches = -(-data.train_examples // experiment.training.batch_size)
        for seed in seeds:
            run = run_directory(results, experiment, seed)
            runs.append(run)
            if fresh or not is_finished(run, experiment, seed, data.dataset_hash):
                kept = 0 if fresh else epochs_kept(run)
                tasks.append(Task(experiment, seed, batches, results, data_dir, fresh, kept))
    return Plan(tuple(runs), tuple(tasks))


def _problems(experiment: Experiment) -> Iterable[BnbenchError]:
    for check in (check_experiment, resolve_device):
        try:
            check(experiment)
        except BnbenchError as error:
            yield error


def _check_writable(results: Path) -> None:
    """Refuse a results folder that cannot be made or written, and make nothing."""
    there = next(path for path in (results, *results.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise BnbenchError(f"{results}: cannot be written; give another folder by --results")


STARTUP_SECONDS = 4.0  # a fresh process imports PyTorch and prepares 70,000 images
SIDE_BY_SIDE = 1.15  # runs on neighbouring cores share caches and memory


def estimate_seconds(tasks: Sequence[Task], jobs: int) -> float:
    """Estimate how long tasks will take, from some training steps timed here and now.

    Parameters
    ----------
    tasks : sequence of Task
    jobs : int
        Runs at a time.

    Returns
    -------
    float
        Seconds, good to about a third.
    """
    seconds_by_experiment = {
        task.experiment.experiment: _seconds_per_run(task.experiment, task.batches_per_epoch)
        for task in tasks
    }
    total = sum(seconds_by_experiment[task.experiment.experiment] for task in tasks)
    longest = max(seconds_by_experiment.values(), default=0.0)
    slower = SIDE_BY_SIDE if min(jobs, len(tasks)) > 1 else 1.0
    return max(total / jobs, longest) * slower


def _seconds_per_run(experiment: Experiment, batches_per_epoch: int, steps: int = 48) -> float:
    """Train on `steps` batches of noise and scale the time of a pass up to the whole run."""
    settings = experiment.training
    noise = _noise(experiment, steps * settings.batch_size)
    gentle = settings.optimizer.model_copy(update={"learning_rate": 1e-9})  # never diverges
    once = settings.model_copy(update={"epochs": 2, "optimizer": gentle})
    with reproducible(settings.threads):
        model = initial_model(resolve_model(experiment), settings.initialization, seed=0)
        rows = [row for row in train(model, noise, once, seed=0) if isinstance(row, EpochRow)]
    warm = rows[-1].train_seconds + rows[-1].evaluation_seconds  # the first epoch warms up
    return STARTUP_SECONDS + settings.epochs * warm / steps * batches_per_epoch


def _noise(experiment: Experiment, examples: int) -> Splits:
    size = find_architecture(experiment.model.name).network.image_size
    images = torch.rand(examples, experiment.model.in_channels, size, size)
    split = Split(images, torch.arange(examples) % 10)
    sixth = Split(images[: examples // 6], split.labels[: examples // 6])
    return Splits("noise", "", split, sixth, None, False, 10)
