"""Where one seed is in its training: what it has measured, and the state to go on from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from bnbench.config import TrainingSettings
from bnbench.runs import BatchRows, EpochRow, EvaluationRow
from bnbench.training.batches import batch_order
from bnbench.training.checkpoint import Tally, TrainingState
from bnbench.training.device import random_stream
from bnbench.training.evaluation import Evaluation
from bnbench.training.learner import Learner


@dataclass(frozen=True)
class Divergence:
    """The last result of a training whose loss is no finite number any more."""

    message: str


Result = BatchRows | EvaluationRow | EpochRow | TrainingState | Divergence


class Progress:
    """The bookkeeping of one seed; each of its results comes with the seed.

    Parameters
    ----------
    seed : int
        Of the batch order.

    Attributes
    ----------
    step : int
        Updates so far, over the run.
    row : EpochRow or None
        Of the last whole epoch.
    tally : Tally
        Of the epoch under way.
    ended : bool
        Whether the loss is no finite number any more.
    """

    def __init__(self, seed: int, settings: TrainingSettings) -> None:
        self.seed, self.settings = seed, settings
        self.generator = torch.Generator().manual_seed(seed)
        self.order_stream = self.generator.get_state()
        self.step = 0
        self.row: EpochRow | None = None
        self.tally = Tally()
        self.ended = False

    @property
    def epochs(self) -> int:
        """Whole epochs so far."""
        return self.row.epoch if self.row else 0

    def restore(self, learner: Learner, state: TrainingState) -> None:
        """Go on from a state, with a learner that does."""
        learner.restore([state])
        self.take_over(state)

    def take_over(self, state: TrainingState) -> None:
        """Go on from a state."""
        self.step, self.row, self.tally = state.step, state.row, state.tally
        self.generator.set_state(state.order_stream)

    def order(self, examples: int) -> list[Tensor]:
        """Order the batches of the next epoch, and leave out those that are done.

        Parameters
        ----------
        examples : int
            Size of the training split.
        """
        return self.whole_order(examples)[len(self.tally.losses) :]

    def whole_order(self, examples: int) -> list[Tensor]:
        """Order the batches of the next epoch."""
        self.order_stream = self.generator.get_state()
        return batch_order(examples, self.settings, self.generator)

    def trained(
        self,
        block: Sequence[Tensor],
        losses: NDArray[np.float32],
        correct: NDArray[np.int64],
        seconds: float,
    ) -> Iterator[tuple[int, Result]]:
        """Count a block's B updates, whose losses and correct answers have the shape (B,)."""
        steps = np.arange(self.step + 1, self.step + 1 + len(block))
        examples = np.array([batch.shape[-1] for batch in block])
        rows = BatchRows("train", self.epochs + 1, steps, examples, losses, correct)
        self.step += len(block)
        self.tally.train_seconds += seconds
        yield from self._logged(rows := _up_to_divergence(rows))
        self.tally.add(rows)

    def evaluated(
        self, on_validation: Sequence[Evaluation], seconds: float
    ) -> Iterator[tuple[int, Result]]:
        """Log an evaluation between two steps of an epoch."""
        (result,) = on_validation
        self.tally.evaluation_seconds += seconds
        yield (
            self.seed,
            EvaluationRow(
                self.epochs + 1, self.step, result.loss, result.accuracy, self.tally.train_seconds
            ),
        )

    def finished_epoch(
        self,
        learner: Learner,
        on_train: Sequence[Evaluation],
        on_validation: Sequence[Evaluation],
        seconds: float,
    ) -> Iterator[tuple[int, Result]]:
        """Log what was measured after an epoch, and sum it up."""
        (scored,), (validated,) = on_train, on_validation
        tally, settings = self.tally, self.settings
        tally.evaluation_seconds += seconds
        epoch = self.epochs + 1
        rows = _validation_rows(validated, epoch, self.step, settings.batch_size)
        yield from self._logged(rows)
        if self.ended:
            return
        self.row = EpochRow(
            epoch=epoch,
            train_loss=_epoch_loss(tally.losses, tally.examples, settings),
            train_accuracy=scored.accuracy,
            validation_loss=_epoch_loss(rows.losses, rows.examples, settings),
            validation_accuracy=validated.accuracy,
            learning_rate=learner.learning_rate,
            train_seconds=tally.train_seconds,
            evaluation_seconds=tally.evaluation_seconds,
            train_loss_after_epoch=scored.loss,
            training_mode=learner.model.training,
        )
        self.tally = Tally()
        self.order_stream = self.generator.get_state()
        yield self.seed, self.row

    def state(self, learner: Learner, member: int = 0) -> Iterator[tuple[int, Result]]:
        """Yield what the training can go on from; `member` is its place in a stack."""
        yield (
            self.seed,
            TrainingState(
                row=self.row,
                step=self.step,
                tally=self.tally,
                model=learner.weights(member),
                optimizer=learner.optimizer_state(member),
                order_stream=self.order_stream,
                global_stream=random_stream(learner.device),
            ),
        )

    def _logged(self, rows: BatchRows) -> Iterator[tuple[int, Result]]:
        """Yield the rows, and a `Divergence` where the last of them is not finite."""
        yield self.seed, rows
        if not np.isfinite(rows.losses).all():
            self.ended = True
            message = f"the {rows.split} loss is not finite at step {rows.steps[-1]}"
            yield self.seed, Divergence(message)


def _validation_rows(evaluation: Evaluation, epoch: int, step: int, batch_size: int) -> BatchRows:
    """Sum an evaluation up over batches of the training's size, in file order."""
    starts = np.arange(0, len(evaluation.losses), batch_size)
    examples = np.diff(starts, append=len(evaluation.losses))
    losses = np.add.reduceat(evaluation.losses.astype(np.float64), starts) / examples
    correct = np.add.reduceat(evaluation.correct.astype(np.int64), starts)
    steps = np.full(len(starts), step)
    return BatchRows("validation", epoch, steps, examples, losses.astype(np.float32), correct)


def _epoch_loss(losses: ArrayLike, examples: ArrayLike, settings: TrainingSettings) -> float:
    weights = None if settings.epoch_loss == "mean_of_batches" else np.asarray(examples)
    return float(np.average(np.asarray(losses, np.float64), weights=weights))


def _up_to_divergence(rows: BatchRows) -> BatchRows:
    """Leave out what follows the first loss that is not finite."""
    bad = np.flatnonzero(~np.isfinite(rows.losses))
    if not bad.size:
        return rows
    keep = slice(0, int(bad[0]) + 1)
    return BatchRows(
        rows.split, rows.epoch, rows.steps[keep], rows.examples[keep], rows.losses[keep],
        rows.correct[keep],
    )  # fmt: skip
