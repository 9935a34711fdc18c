"""A run that is to be done, and what is told of it while it is done."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bnbench.config import Experiment
from bnbench.runs import Run, run_directory


@dataclass(frozen=True)
class Task:
    """One run to be done, or the runs of a stack."""

    experiment: Experiment
    seed: int
    train_examples: int
    results: Path
    data_dir: Path | None = None
    fresh: bool = False
    epochs_kept: int = 0
    """Of a run that was stopped; they are not done again."""
    registered: tuple[tuple[str, str], ...] = ()
    """Studies that it is done for, with the hashes of their questions."""

    @property
    def batches_per_epoch(self) -> int:
        """Optimizer steps of an epoch."""
        whole, rest = divmod(self.train_examples, self.experiment.training.batch_size)
        return whole + (rest > 0 and not self.experiment.training.drop_last)

    @property
    def epochs_left(self) -> int:
        """Epochs that are still to be done."""
        return self.experiment.training.epochs - self.epochs_kept

    @property
    def seeds(self) -> tuple[int, ...]:
        """All that are trained with it: its seed, or those of the stack that it stands for."""
        return self.experiment.training.seeds_with(self.seed)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The directories that it writes."""
        return tuple(run_directory(self.results, self.experiment, seed) for seed in self.seeds)

    @property
    def seeds_in_words(self) -> str:
        """Such as ``seed 3``, or ``seeds 0-9`` of a stack."""
        first, last = self.seeds[0], self.seeds[-1]
        return f"seed {first}" if first == last else f"seeds {first}-{last}"

    @property
    def name(self) -> str:
        """The run in words, for people."""
        return f"{self.experiment.experiment} {self.seeds_in_words}"


@dataclass(frozen=True)
class Started:
    """A run has its process."""

    task: Task
    slot: int


@dataclass(frozen=True)
class Progress:
    """A run has done some more batches, or (with `validation_accuracy`) a whole epoch."""

    task: Task
    slot: int
    epoch: int
    batches: int
    """Training batches of this epoch so far."""
    loss: float
    """Mean over the latest batches, or over the whole epoch's, nats."""
    accuracy: float
    """Share of correct answers in the latest batches, in [0, 1]."""
    validation_accuracy: float | None = None


@dataclass(frozen=True)
class Retried:
    """A run has failed, and will be tried again from its last whole epoch."""

    task: Task
    slot: int
    message: str


@dataclass(frozen=True)
class Ended:
    """A run has ended: ``complete``, ``diverged``, ``refused`` or ``failed``.

    From `Workers` also ``lost``: its machine is gone, which is no fault of the run's.
    """

    task: Task
    slot: int
    status: str
    message: str = ""
    validation_accuracy: float | None = None
    """After the last epoch, in [0, 1]; of a stack the mean."""
    failed_to_learn: int = 0
    """Seeds that are ``complete``, and near chance."""


Event = Started | Progress | Retried | Ended


class Workers(Protocol):
    """Where runs are done: each in a process of its own, here or elsewhere.

    A run in progress is known by its slot, a number from 0.
    """

    def capacity(self, tasks: Sequence[Task]) -> int:
        """Count how many of these runs would go side by side."""

    def start(self, task: Task, slot: int) -> None:
        """Begin a run, and do not wait for it; whatever goes wrong is told by its `Ended`."""

    def events(self, seconds: float | None) -> list[Event]:
        """Wait until something has happened, or so many seconds; every run ends by `Ended`."""

    def stop(self, slots: Iterable[int]) -> None:
        """End what has not ended of these runs: it is left ``interrupted``, and tells no more."""
