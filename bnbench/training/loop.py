"""The training loop: a generator that yields what it measured, and knows of no file or screen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from bnbench.config import TrainingSettings
from bnbench.data import Split, Splits
from bnbench.runs import BatchRows, EpochRow, EvaluationRow
from bnbench.training.checkpoint import Tally, TrainingState
from bnbench.training.device import random_stream
from bnbench.training.evaluation import Evaluation
from bnbench.training.learner import CAPTURED, Batch, Learner

BLOCK = 64  # steps between two reports; reading the losses waits for the device once a block
KEEP_EVERY = 1000  # steps between two states of one epoch: some seconds of work, for milliseconds


class DivergedError(Exception):
    """The loss is no finite number any more; the batch that showed it has been yielded."""


def batch_order(
    examples: int, settings: TrainingSettings, generator: torch.Generator
) -> list[Tensor]:
    """Cut an epoch into batches of indices into the training split.

    Both arms of a seed see the same batches: the permutations come from a generator of their
    own, on the CPU whatever the device.

    Parameters
    ----------
    examples : int
        Size N of the training split.
    settings : TrainingSettings
        `batch_size`, `shuffle`, `drop_last`.
    generator : torch.Generator
        Advanced by an epoch, if shuffling.

    Returns
    -------
    list of Tensor, int64
        A permutation of 0 ... N - 1 cut into batches; without shuffling, file order.
    """
    order = (
        torch.randperm(examples, generator=generator)
        if settings.shuffle
        else torch.arange(examples)
    )
    batches = list(torch.split(order, settings.batch_size))
    if settings.drop_last and len(batches[-1]) < settings.batch_size:
        batches.pop()
    return batches


@dataclass(frozen=True)
class Divergence:
    """The last result of a training whose loss is no finite number any more."""

    message: str


Result = BatchRows | EvaluationRow | EpochRow | TrainingState | Divergence


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
    splits : Splits
    settings : TrainingSettings
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
    learner = Learner(model, splits.train, settings)
    states = None if resumed is None else [resumed]
    for _, result in train_members(learner, splits, settings, [seed], states):
        if isinstance(result, Divergence):
            raise DivergedError(result.message)
        yield result


def train_members(
    learner: Learner,
    splits: Splits,
    settings: TrainingSettings,
    seeds: Sequence[int],
    resumed: Sequence[TrainingState] | None = None,
    passengers: Collection[int] = (),
) -> Iterator[tuple[int, Result]]:
    """Train the members of a learner side by side, each on the batches of its own seed.

    Parameters
    ----------
    learner : Learner
    splits, settings
        See `train`.
    seeds : sequence of int
        Of each member.
    resumed : sequence of TrainingState, optional
        Of each member, all after the same step.
    passengers : collection of int
        Members of which nothing is asked: they only fill their places, with any state.

    Yields
    ------
    tuple of int and Result
        Which member, from 0, and what it has measured, in the order of `train`. A `Divergence`
        is a member's last result; the others go on.
    """
    members = [
        _Member(place, torch.Generator().manual_seed(one), ended=place in passengers)
        for place, one in enumerate(seeds)
    ]
    if resumed is not None:
        learner.restore(resumed)
        for member, state in zip(members, resumed, strict=True):
            member.restore(state)
    step = resumed[0].step if resumed else 0
    for epoch in range(_going_on(members)[0].epochs + 1, settings.epochs + 1):
        batches = _batches(members, len(splits.train.labels), settings)
        learner.model.train(epoch == 1 or settings.mode_after_first_epoch == "training")
        last = step + len(batches)
        for block in _blocks(batches, step, settings.evaluate_every, _longest(learner)):
            started = perf_counter()
            losses, correct = learner.train_block(block)
            seconds = _share(started, members)
            for member in _going_on(members):
                rows = _rows(epoch, step, block, losses[member.place], correct[member.place])
                yield from member.trained(rows, seconds)
            step += len(block)
            if not _going_on(members):
                return
            if settings.evaluate_every and step % settings.evaluate_every == 0 and step < last:
                yield from _evaluated_between(learner, splits.validation, members, epoch, step)
            if step % KEEP_EVERY < len(block) and step < last:
                yield from _states(learner, members, step)
        yield from _evaluated(learner, splits, settings, members, epoch, step)
        if not _going_on(members):
            return
        for member in _going_on(members):
            member.order_stream = member.generator.get_state()
        yield from _states(learner, members, step)


@dataclass
class _Member:
    """Where one seed is in its training."""

    place: int
    generator: torch.Generator
    row: EpochRow | None = None
    tally: Tally = field(default_factory=Tally)
    order_stream: Tensor = field(default_factory=lambda: torch.empty(0))
    ended: bool = False

    @property
    def epochs(self) -> int:
        return self.row.epoch if self.row else 0

    def restore(self, state: TrainingState) -> None:
        self.row, self.tally = state.row, state.tally
        self.generator.set_state(state.order_stream)

    def trained(self, rows: BatchRows, seconds: float) -> Iterator[tuple[int, Result]]:
        self.tally.train_seconds += seconds
        yield from self.logged(rows := _up_to_divergence(rows))
        self.tally.add(rows)

    def logged(self, rows: BatchRows) -> Iterator[tuple[int, Result]]:
        """Give the rows, and say so where the last of them is not finite."""
        yield self.place, rows
        if not np.isfinite(rows.losses).all():
            self.ended = True
            message = f"the {rows.split} loss is not finite at step {rows.steps[-1]}"
            yield self.place, Divergence(message)


def _going_on(members: list[_Member]) -> list[_Member]:
    """List the members that have not diverged, and are no passengers."""
    return [member for member in members if not member.ended]


def _batches(members: list[_Member], examples: int, settings: TrainingSettings) -> list[Batch]:
    """Order what is left of an epoch: of each batch, the indices of every member."""
    done = len(_going_on(members)[0].tally.losses)
    for member in members:
        member.order_stream = member.generator.get_state()
    orders = [batch_order(examples, settings, member.generator) for member in members]
    return list(zip(*orders, strict=True))[done:]


def _longest(learner: Learner) -> int:
    return CAPTURED if learner.record or learner.device.type == "cuda" else BLOCK


def _share(started: float, members: list[_Member]) -> float:
    """Give a member's part of the seconds since then."""
    return (perf_counter() - started) / len(members)


def _states(
    learner: Learner, members: list[_Member], step: int
) -> Iterator[tuple[int, TrainingState]]:
    stream = random_stream(learner.device)
    for member in _going_on(members):
        yield (
            member.place,
            TrainingState(
                row=member.row,
                step=step,
                tally=member.tally,
                model=learner.weights(member.place),
                optimizer=learner.optimizer_state(member.place),
                order_stream=member.order_stream,
                global_stream=stream,
            ),
        )


def _evaluated_between(
    learner: Learner, validation: Split, members: list[_Member], epoch: int, step: int
) -> Iterator[tuple[int, EvaluationRow]]:
    started = perf_counter()
    evaluations = learner.evaluate(validation)
    seconds = _share(started, members)
    for member in _going_on(members):
        result, tally = evaluations[member.place], member.tally
        tally.evaluation_seconds += seconds
        yield (
            member.place,
            EvaluationRow(epoch, step, result.loss, result.accuracy, tally.train_seconds),
        )


def _evaluated(
    learner: Learner,
    splits: Splits,
    settings: TrainingSettings,
    members: list[_Member],
    epoch: int,
    step: int,
) -> Iterator[tuple[int, Result]]:
    """End an epoch: measure both splits."""
    started = perf_counter()
    on_train, on_validation = learner.evaluate(splits.train), learner.evaluate(splits.validation)
    seconds = _share(started, members)
    for member in _going_on(members):
        scored, tally = on_train[member.place], member.tally
        tally.evaluation_seconds += seconds
        validated = _validation_rows(on_validation[member.place], epoch, step, settings.batch_size)
        yield from member.logged(validated)
        if member.ended:
            continue
        member.row = EpochRow(
            epoch=epoch,
            train_loss=_epoch_loss(tally.losses, tally.examples, settings),
            train_accuracy=scored.accuracy,
            validation_loss=_epoch_loss(validated.losses, validated.examples, settings),
            validation_accuracy=on_validation[member.place].accuracy,
            learning_rate=learner.optimizer.param_groups[0]["lr"],
            train_seconds=tally.train_seconds,
            evaluation_seconds=tally.evaluation_seconds,
            train_loss_after_epoch=scored.loss,
            training_mode=learner.model.training,
        )
        member.tally = Tally()
        yield member.place, member.row


def _blocks(
    batches: list[Batch], steps_before: int, every: int | None, longest: int
) -> Iterator[list[Batch]]:
    """Cut an epoch's batches into blocks that end, also, where an evaluation is due."""
    start = 0
    while start < len(batches):
        until_due = every - (steps_before + start) % every if every else longest
        stop = start + min(longest, until_due)
        yield batches[start:stop]
        start = stop


def _rows(
    epoch: int,
    steps_before: int,
    block: list[Batch],
    losses: NDArray[np.float32],
    correct: NDArray[np.int64],
) -> BatchRows:
    steps = np.arange(steps_before + 1, steps_before + 1 + len(block))
    examples = np.array([len(batch[0]) for batch in block])
    return BatchRows("train", epoch, steps, examples, losses, correct)


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
