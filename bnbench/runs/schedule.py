"""Which rows the logs of a run must hold, by its configuration and the sizes of its splits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Experiment
from bnbench.runs.manifest import Dataset

Expected = dict[str, NDArray[Any]]
"""Column -> cells, row by row."""


@dataclass(frozen=True)
class Schedule:
    """A run's epochs and batches.

    Attributes
    ----------
    train_examples, validation_examples : int
        Sizes of the splits.
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

    def per_epoch(self, split: str) -> int:
        """Batches of one split in one epoch."""
        return self.train_batches if split == "train" else self.validation_batches

    def batches(self, rows: int) -> Expected:
        """The first `rows` rows of ``batches.csv``, but for what was measured."""
        epoch, place = np.divmod(np.arange(rows), self.epoch_rows)
        training = place < self.train_batches
        batch = np.where(training, place, place - self.train_batches)
        split_size = np.where(training, self.train_examples, self.validation_examples)
        return {
            "split": np.where(training, "train", "validation"),
            "epoch": epoch + 1,
            "step": epoch * self.train_batches + np.minimum(place + 1, self.train_batches),
            "examples": np.minimum(self.batch_size, split_size - batch * self.batch_size),
        }

    def evaluations_before(self, step: int) -> int:
        """Count the rows of ``evaluations.csv`` of the steps before this one.

        After the last step of an epoch comes the evaluation that ``epochs.csv`` holds.
        """
        if (every := self.evaluate_every) is None:
            return 0
        return (step - 1) // every - (step - 1) // math.lcm(every, self.train_batches)

    def evaluations(self, rows: int) -> Expected:
        """The first `rows` rows of ``evaluations.csv``, but for what was measured.

        Fewer where every evaluation comes after an epoch's last step.
        """
        # Of two multiples in a row at most one ends an epoch, or all do.
        due = (self.evaluate_every or self.train_batches) * np.arange(1, 2 * rows + 2)
        due = due[due % self.train_batches > 0][:rows]
        return {"epoch": 1 + due // self.train_batches, "step": due}


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
