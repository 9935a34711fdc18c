"""The training loop: a generator that yields what it measured, and knows of no file or screen."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from bnbench.config import TrainingSettings
from bnbench.data import Split, Splits
from bnbench.runs import BatchRows, EpochRow, EvaluationRow
from bnbench.training.checkpoint import Tally, TrainingState
from bnbench.training.evaluation import Evaluation, cross_entropy, evaluate
from bnbench.training.optimizer import build_optimizer, flatten_parameters

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
    parameters = flatten_parameters(model)
    optimizer = build_optimizer(parameters, settings.optimizer)
    generator = torch.Generator().manual_seed(seed)
    row, step, tally = None, 0, Tally()
    if resumed is not None:
        row, step, tally = resumed.row, resumed.step, resumed.tally
        _restore(resumed, model, optimizer, generator)
    for epoch in range(row.epoch + 1 if row else 1, settings.epochs + 1):
        order_stream = generator.get_state()
        batches = batch_order(len(splits.train.labels), settings, generator)[len(tally.losses) :]
        model.train(epoch == 1 or settings.mode_after_first_epoch == "training")
        last = step + len(batches)
        for block in _blocks(batches, step, settings.evaluate_every):
            started = perf_counter()
            losses, correct = _train_block(model, parameters, optimizer, splits, block, settings)
            tally.train_seconds += perf_counter() - started
            rows = _rows("train", epoch, step, block, losses, correct)
            step += len(block)
            yield (rows := _up_to_divergence(rows))
            _refuse_divergence(rows)
            tally.add(rows)
            if settings.evaluate_every and step % settings.evaluate_every == 0 and step < last:
                started = perf_counter()
                between = _evaluation(
                    model, splits.validation, settings, epoch, step, tally.train_seconds
                )
                tally.evaluation_seconds += perf_counter() - started
                yield between
            if step % KEEP_EVERY < len(block) and step < last:
                yield _state(row, step, tally, model, optimizer, order_stream)
        started = perf_counter()
        on_train = evaluate(model, splits.train, softmax_before_loss=settings.softmax_before_loss)
        on_validation = evaluate(
            model, splits.validation, softmax_before_loss=settings.softmax_before_loss
        )
        tally.evaluation_seconds += perf_counter() - started
        validated = _validation_rows(on_validation, epoch, step, settings.batch_size)
        yield validated
        _refuse_divergence(validated)
        row = EpochRow(
            epoch=epoch,
            train_loss=_epoch_loss(tally.losses, tally.examples, settings),
            train_accuracy=on_train.accuracy,
            validation_loss=_epoch_loss(validated.losses, validated.examples, settings),
            validation_accuracy=on_validation.accuracy,
            learning_rate=optimizer.param_groups[0]["lr"],
            train_seconds=tally.train_seconds,
            evaluation_seconds=tally.evaluation_seconds,
            train_loss_after_epoch=on_train.loss,
            training_mode=model.training,
        )
        tally = Tally()
        yield row
        yield _state(row, step, tally, model, optimizer, generator.get_state())


def _state(
    row: EpochRow | None,
    step: int,
    tally: Tally,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    order_stream: Tensor,
) -> TrainingState:
    return TrainingState(
        row=row,
        step=step,
        tally=tally,
        model=model.state_dict(),
        optimizer=optimizer.state_dict(),
        order_stream=order_stream,
        global_stream=torch.get_rng_state(),
    )


def _blocks(batches: list[Tensor], steps_before: int, every: int | None) -> Iterator[list[Tensor]]:
    """Cut an epoch's batches into blocks that end, also, where an evaluation is due."""
    start = 0
    while start < len(batches):
        until_due = every - (steps_before + start) % every if every else BLOCK
        stop = start + min(BLOCK, until_due)
        yield batches[start:stop]
        start = stop


def _evaluation(
    model: nn.Module,
    validation: Split,
    settings: TrainingSettings,
    epoch: int,
    step: int,
    train_seconds: float,
) -> EvaluationRow:
    result = evaluate(model, validation, softmax_before_loss=settings.softmax_before_loss)
    return EvaluationRow(epoch, step, result.loss, result.accuracy, train_seconds)


def _restore(
    state: TrainingState,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    model.load_state_dict(state.model)  # in place: parameters stay views of the flat vector
    optimizer.load_state_dict(state.optimizer)
    generator.set_state(state.order_stream)
    torch.set_rng_state(state.global_stream)


def _train_block(
    model: nn.Module,
    parameters: nn.Parameter,
    optimizer: torch.optim.Optimizer,
    splits: Splits,
    block: list[Tensor],
    settings: TrainingSettings,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Do one update a batch; return each batch's loss before it, and its correct answers."""
    assert parameters.grad is not None
    device = splits.train.labels.device
    # Filled in place: hundreds of small tensors kept alive between the large activations would
    # leave the heap full of holes, half a gigabyte of them.
    losses = torch.empty(len(block), device=device)
    correct = torch.empty(len(block), dtype=torch.int64, device=device)
    for place, indices in enumerate(block):
        images, labels = _batch(splits.train, indices, settings.shuffle)
        parameters.grad.zero_()
        logits = model(images)  # (N, K)
        loss = cross_entropy(logits, labels, softmax_before_loss=settings.softmax_before_loss)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses[place] = loss.detach()
        correct[place] = (logits.detach().argmax(dim=1) == labels).sum()
    return losses.cpu().numpy(), correct.cpu().numpy()


def _batch(split: Split, indices: Tensor, shuffled: bool) -> tuple[Tensor, Tensor]:
    if not shuffled:  # consecutive: a view costs nothing, a gather copies
        place = slice(int(indices[0]), int(indices[-1]) + 1)
        return split.images[place], split.labels[place]
    indices = indices.to(split.labels.device)
    return split.images[indices], split.labels[indices]


def _rows(
    split: str,
    epoch: int,
    steps_before: int,
    block: list[Tensor],
    losses: NDArray[np.float32],
    correct: NDArray[np.int64],
) -> BatchRows:
    steps = np.arange(steps_before + 1, steps_before + 1 + len(block))
    examples = np.array([len(indices) for indices in block])
    return BatchRows(split, epoch, steps, examples, losses, correct)


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


def _refuse_divergence(rows: BatchRows) -> None:
    if not np.isfinite(rows.losses).all():
        raise DivergedError(f"the {rows.split} loss is not finite at step {rows.steps[-1]}")
