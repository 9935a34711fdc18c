"""Which rows the logs of a run must hold, by its configuration and the sizes of its splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnbench.config import Experiment
from bnbench.runs import Dataset

Expected = dict[str, Sequence[object]]
"""Column -> cells, row by row."""


@dataclass(frozen=True)
class Schedule:
    """A run's epochs and batches.

    Attributes
    ----------
    train_examples, validation_examples : int
        Sizes of the splits.
    batch_size : int
    train_batches, validation_batches : int
        In one epoch.
    evaluate_every : int or None
        Steps between two evaluations within an epoch.
    """

    train_examples: int
    validation_examples: int
    batch_size: int
    train_batches: int
    validation_batches: int
    evaluate_every: int | None

    @property
    def epoch_rows(self) -> int:
        """Rows of ``batches.csv`` that belong to one epoch."""
        return self.train_batches + self.validation_batches

    def batches(self, rows: int) -> Expected:
        """Give the first `rows` rows of ``batches.csv``, but for what was measured."""
        epoch, place = np.divmod(np.arange(rows), self.epoch_rows)
        training = place < self.train_batches
        batch = np.where(training, place, place - self.train_batches)
        split_size = np.where(training, self.train_examples, self.validation_examples)
        examples = np.minimum(self.batch_size, split_size - batch * self.batch_size)
        step = epoch * self.train_batches + np.minimum(place + 1, self.train_batches)
        return {
            "split": np.where(training, "train", "validation").tolist(),
            "epoch": (epoch + 1).tolist(),
            "step": step.tolist(),
            "examples": examples.tolist(),
        }

    def evaluations(self, steps: int) -> Expected:
        """Give the rows of ``evaluations.csv`` before the run's last step, the number `steps`."""
        every = self.evaluate_every or max(steps, 1)
        # After the last step of an epoch comes the evaluation that epochs.csv holds.
        due = [step for step in range(every, steps, every) if step % self.train_batches]
        return {"epoch": [1 + step // self.train_batches for step in due], "step": due}


def schedule(experiment: Experiment, data: Dataset) -> Schedule:
    """Work out the batches of an epoch."""
    training = experiment.training
    size = training.batch_size
    last = 0 if training.drop_last else size - 1  # a smaller last batch counts, or not
    return Schedule(
        data.train_examples,
        data.validation_examples,
        size,
        max(1, (data.train_examples + last) // size),
        -(-data.validation_examples // size),
        training.evaluate_every,
    )
