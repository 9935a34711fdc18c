"""One finished run, and what its files hold, each read when it is asked for.

The folder may come from anywhere. Whatever bnbench would not have written is refused with the
name of the file; `bnbench.runs.problems` finds it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.findings.results import RunNote
from bnbench.runs import (
    Log,
    Manifest,
    Run,
    changed_since,
    read_batches,
    read_epochs,
    read_evaluations,
    read_predictions,
)
from bnbench.runs.failure import ASTRONOMIC, chance, hardly_learned, sound_epochs
from bnbench.runs.looks import Looks, problems_of_looks, read_looks
from bnbench.runs.losses import Losses, losses_of, read_losses
from bnbench.runs.measured import read_measured
from bnbench.runs.problems import (
    disagreement,
    problems_of_batches,
    problems_of_configuration,
    problems_of_epochs,
    problems_of_evaluations,
)
from bnbench.runs.schedule import Schedule, schedule
from bnbench.runs.tables import REMEDY, not_as_written

MOST_EVALUATIONS = 10_000_000
"""A run that diverged counts at chance in each of them that it did not come to."""


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """One finished run, complete or diverged.

    Attributes
    ----------
    epoch_log : Log
        ``epochs.csv``.
    losses : Losses or None
        Of the batches, in blocks; ``None`` of a copied run of earlier releases.
    """

    run: Run
    manifest: Manifest
    experiment: Experiment
    epoch_log: Log
    losses: Losses | None

    @property
    def seed(self) -> int:
        """What tells it from the other runs of its experiment."""
        return self.manifest.seed

    @property
    def diverged(self) -> bool:
        """Whether its loss stopped being a number, or became astronomic."""
        return self.manifest.status == "diverged" or self.sound < len(self.epoch_log)

    @property
    def status(self) -> str:
        """``complete`` or ``diverged``."""
        return "diverged" if self.diverged else "complete"

    @property
    def failed(self) -> bool:
        """Whether it diverged or hardly learned; `bnbench.runs.failure` says when."""
        last = float(self.curve("validation_accuracy")[-1])
        return self.diverged or hardly_learned(last, self.manifest.dataset)

    @property
    def how_it_failed(self) -> str:
        """How far a failed run got, in a few words."""
        if not self.diverged:
            return "ended near chance"
        last = self.sound
        return f"diverged after epoch {last}" if last else "diverged in the first epoch"

    @property
    def why_diverged(self) -> str:
        """What it died of, in one line."""
        if self.sound < len(self.epoch_log):
            return f"its loss rose above {ASTRONOMIC:,.0f} nats"
        return " ".join(str(self.manifest.error).split())

    @property
    def planned_epochs(self) -> int:
        """As configured."""
        return self.experiment.training.epochs

    @property
    def lacks_evaluations(self) -> bool:
        """Whether it was evaluated within its epochs, but that log has not been kept."""
        within = self.experiment.training.evaluate_every is not None
        return within and not self.run.evaluations.exists()

    @cached_property
    def sound(self) -> int:
        """How many epochs it has before it diverged; see `bnbench.runs.failure`."""
        log = self.epoch_log
        return sound_epochs(np.maximum(log["train_loss"], log["validation_loss"]))

    @cached_property
    def _schedule(self) -> Schedule:
        return schedule(self.experiment, self.manifest.dataset)

    @property
    def steps_per_epoch(self) -> int:
        """Updates of the weights in one epoch."""
        return self._schedule.train_batches

    def batches_per_epoch(self, split: str) -> int:
        """Batches of one split in one epoch."""
        return self._schedule.per_epoch(split)

    @property
    def evaluations_due(self) -> int:
        """How many evaluations it has, or would have if it had not diverged."""
        if self.lacks_evaluations:
            return self.planned_epochs
        within = self._schedule.evaluations_before(self.planned_epochs * self.steps_per_epoch)
        if within > MOST_EVALUATIONS:
            raise BnbenchError(
                f"{self.run.config}: plans {within:,} evaluations within its epochs; runs with"
                f" {MOST_EVALUATIONS:,} at most are compared"
            )
        return self.planned_epochs + within

    def read_batches(self) -> Log:
        """Read ``batches.csv``, from which the epochs must follow.

        Only losses of the split and epoch in which a run diverged may be not finite.
        """
        return _batches(self.run, self.manifest, self.experiment, self.epoch_log)

    @cached_property
    def looks(self) -> dict[str, Looks]:
        """What each kind of probe saw, of which the file is there; see `bnbench.runs.looks`."""
        looks: dict[str, Looks] = {}
        for path in self.run.probes():
            looks[path.stem] = read_looks(path)
            _refuse_first(problems_of_looks(path, self.experiment, looks[path.stem]))
        return looks

    @cached_property
    def measured(self) -> dict[str, float]:
        """What losses of batches or probes said, of a copy without them, by metric."""
        return read_measured(self.run.measured)

    @cached_property
    def predictions(self) -> NDArray[np.uint8]:
        """Labels and predictions of the test file, (2, N); see `bnbench.runs.read_predictions`."""
        return read_predictions(self.run, self.manifest)

    @cached_property
    def evaluations(self) -> dict[str, NDArray[Any]]:
        """Every evaluation of the validation split, within the epochs and after them, in order.

        The columns are ``step``, ``epoch`` (1.5 is halfway through the second), ``seconds`` of
        training since the start, ``validation_accuracy`` and ``validation_loss``. Without
        ``evaluations.csv`` the ends of the epochs are all there is.
        """
        epochs, per_epoch = self.epoch_log, self.steps_per_epoch
        seconds = np.cumsum(epochs["train_seconds"])
        columns = _measured_at(epochs, epochs["epoch"] * per_epoch, seconds)
        if self.experiment.training.evaluate_every is not None and not self.lacks_evaluations:
            log = read_evaluations(self.run)
            _refuse_first(problems_of_evaluations(self.manifest, self.experiment, epochs, log))
            before = np.append(0.0, seconds)[log["epoch"] - 1]
            within = _measured_at(log, log["step"], before + log["train_seconds"])
            order = np.argsort(np.append(columns["step"], within["step"]), kind="stable")
            columns = {name: np.append(columns[name], within[name])[order] for name in columns}
        return columns | {"epoch": columns["step"] / per_epoch}

    def at_chance(self, column: str) -> float:
        """What a column of the logs is where nothing has been learned.

        A loss is that of equal probabilities, with or without a softmax in front of it.
        """
        dataset = self.manifest.dataset
        return chance(dataset) if column.endswith("accuracy") else math.log(dataset.classes)

    def curve(self, column: str) -> NDArray[np.float64]:
        """A column of ``epochs.csv``, (E,), filled up where the run diverged before its end."""
        curve = np.full(self.planned_epochs, self.at_chance(column))
        curve[: self.sound] = self.epoch_log[column][: self.sound]
        return curve

    def at_evaluations(self, column: str) -> NDArray[np.float64]:
        """A column of every evaluation, filled up from the epoch in which the run diverged.

        A loss that is no number, which a run that went on can have had, counts as at chance.
        """
        whole = self.evaluations[column][self.evaluations["epoch"] <= self.sound]
        nothing_learned = self.at_chance(column)
        curve = np.full(self.evaluations_due, nothing_learned)
        curve[: len(whole)] = whole
        return np.where(np.isfinite(curve), curve, nothing_learned)

    @property
    def low_losses(self) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        """See `bnbench.metrics.Measured`."""
        return (self.losses.low_step, self.losses.low_mean) if self.losses else None

    @property
    def test_accuracy(self) -> float:
        """The score of the last epoch's weights on the test file, which may be validation."""
        if self.diverged:
            known = self.manifest.dataset.commonest_test_class
            return chance(self.manifest.dataset) if known is None else known
        if self.manifest.dataset.validation_is_test_file:
            return float(self.curve("validation_accuracy")[-1])
        if (accuracy := self.manifest.final.test_accuracy) is None:
            raise BnbenchError(
                f"{self.run.manifest}: final.test_accuracy: is missing; train the run again"
            )
        return accuracy


def _measured_at(
    log: Log, steps: NDArray[np.int64], seconds: NDArray[np.float64]
) -> dict[str, NDArray[Any]]:
    """Put what a log says of evaluations beside the steps and seconds at which they were."""
    measures = {name: log[name] for name in ("validation_accuracy", "validation_loss")}
    return {"step": steps, "seconds": seconds, **measures}


def read_finished_run(run: Run, manifest: Manifest) -> FinishedRun:
    """Read a run whose manifest says that it has finished.

    Its epochs must follow from its batches, where these have been kept, and no file may have
    changed since it ended.
    """
    experiment = run.read_experiment()
    _refuse_first(problems_of_configuration(run, manifest, experiment))
    epochs = read_epochs(run)
    _refuse_first(problems_of_epochs(manifest, experiment, epochs))
    losses = _losses(run, manifest, experiment, epochs)
    for name, change in changed_since(run, manifest, experiment).items():
        if change == "changed":  # some may not be kept
            raise not_as_written(run.path / name, "has changed since the run ended")
    return FinishedRun(run, manifest, experiment, epochs, losses)


def _losses(run: Run, manifest: Manifest, experiment: Experiment, epochs: Log) -> Losses | None:
    """Sum up the losses of the batches, or read their sum where these have not been kept."""
    planned = schedule(experiment, manifest.dataset)
    if run.batches.exists():
        return losses_of(_batches(run, manifest, experiment, epochs), planned)
    if run.losses.exists():
        return read_losses(run.losses, planned, experiment.training.epochs)
    return None


def _batches(run: Run, manifest: Manifest, experiment: Experiment, epochs: Log) -> Log:
    batches = read_batches(run)
    _refuse_first(problems_of_batches(manifest, experiment, batches))
    _refuse_first(disagreement(manifest, experiment, epochs, batches))
    return batches


def _refuse_first(problems: Iterator[str]) -> None:
    """Refuse a file that has a problem."""
    for problem in problems:
        raise BnbenchError(f"{problem}; {REMEDY}")


def why_unfinished(manifest: Manifest) -> RunNote:
    """Say why a run takes no part, and what finishes it."""
    reason = f" ({' '.join(str(manifest.error).split())})" if manifest.error else ""
    said = f"left out, its status is {manifest.status}{reason}; `bnbench train` finishes it"
    return RunNote(manifest.experiment, manifest.seed, said)
