"""The training of a model: a generator of what it measures, which knows of no file or screen.

`Progress` keeps a model's books. `bnbench.training.stack` trains several seeds as one network by
the same loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

from torch import Tensor, nn

from bnbench.config import TrainingSettings
from bnbench.data import Splits
from bnbench.runs import BatchRows, EpochRow, EvaluationRow
from bnbench.training.batches import blocks
from bnbench.training.checkpoint import TrainingState
from bnbench.training.learner import Learner
from bnbench.training.members import Members
from bnbench.training.optimizer import take_step
from bnbench.training.progress import Divergence, Progress, Result
from bnbench.training.schedule import rates

KEEP_EVERY = 1000  # steps between two states of one epoch: some seconds of work, for milliseconds


def train_epochs(
    learner: Learner, progress: Progress | Members, splits: Splits
) -> Iterator[tuple[int, Result]]:
    """Do the epochs that are left, and yield, with its seed, whatever is measured or kept."""
    settings, every = learner.settings, learner.settings.evaluate_every
    for epoch in range(progress.epochs + 1, settings.epochs + 1):
        learner.model.train(epoch == 1 or settings.mode_after_first_epoch == "training")
        batches = progress.order(len(splits.train.labels))
        last = progress.step + len(batches)
        per_epoch = last // epoch
        for block in blocks(batches, progress.step, learner.periods, learner.longest_block):
            started = perf_counter()
            planned = rates(settings, progress.step, len(block), per_epoch)
            losses, correct = learner.train_block(update, block, planned)
            yield from progress.trained(block, losses, correct, perf_counter() - started)
            if progress.ended:  # by a loss that is no finite number
                return
            if every and progress.step % every == 0 and progress.step < last:
                started = perf_counter()
                on_validation = learner.evaluate(splits.validation)
                yield from progress.evaluated(on_validation, perf_counter() - started)
            if progress.step % KEEP_EVERY < len(block) and progress.step < last:
                yield from progress.state(learner)
        started = perf_counter()
        on_train = learner.evaluate(splits.train)
        on_validation = learner.evaluate(splits.validation)
        seconds = perf_counter() - started
        yield from progress.finished_epoch(learner, on_train, on_validation, seconds)
        if progress.ended:
            return
        yield from progress.state(learner)


def update(learner: Learner, batch: Tensor) -> tuple[Tensor, Tensor]:
    """Do one update.

    Parameters
    ----------
    batch : Tensor of int64, shape (N,)
        Indices of its examples in the training split.

    Returns
    -------
    loss : Tensor, shape ()
        Before the update, nats.
    correct : Tensor of int64, shape ()
    """
    learner.gradient.zero_()
    if direct := learner.direct(batch):  # the same bits in less time
        loss, correct = direct(batch)
    else:
        images, labels = learner.examples(batch)  # (N, C, H, W), (N,)
        logits = learner.model(images)  # (N, K)
        loss, correct = learner.backward(logits, labels)
    take_step(learner.optimizer)
    return loss.float(), correct


class DivergedError(Exception):
    """The loss is no finite number any more; the batch that showed it has been yielded."""


def train(
    model: nn.Module,
    splits: Splits,
    settings: TrainingSettings,
    seed: int,
    resumed: TrainingState | None = None,
) -> Iterator[BatchRows | EpochRow | EvaluationRow | TrainingState]:
    """Train a model, and yield each block of batches and each epoch as they are done.

    Parameters
    ----------
    model : Module
        Initialized, on the device of `splits`; trained in place.
    seed : int
        Of the batch order.
    resumed : TrainingState, optional
        Go on from there, as if the training had never stopped.

    Yields
    ------
    BatchRows, EvaluationRow, EpochRow or TrainingState
        An epoch is several `BatchRows` of the split ``train``, with an `EvaluationRow` after
        every `evaluate_every` steps, one of ``validation``, its `EpochRow`, and the state from
        which the next one begins. A longer epoch also gives its state every `KEEP_EVERY` steps.

    Raises
    ------
    DivergedError
        When a loss is not finite, after everything up to it has been yielded.
    """
    learner, progress = Learner(model, splits.train, settings), Progress(seed, settings)
    if resumed is not None:
        progress.restore(learner, resumed)
    for _, result in train_epochs(learner, progress, splits):
        if isinstance(result, Divergence):
            raise DivergedError(result.message)
        yield result
