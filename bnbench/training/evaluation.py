"""Evaluation: a pass over a split in evaluation mode that leaves no trace in the training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bnbench.data import Split

EVALUATION_BATCH = 128  # images; the fastest on one thread, whose caches it still fits
CUDA_EVALUATION_BATCH = 5_000  # images times models; of the CNN's maps, 0.7 GB each


def cross_entropy(
    logits: Tensor, labels: Tensor, *, softmax_before_loss: bool, reduction: str = "mean"
) -> Tensor:
    """Compute the cross-entropy in nats.

    Parameters
    ----------
    logits : Tensor, shape (N, K), float32
    labels : Tensor, shape (N,), int64
    softmax_before_loss : bool
        Take the softmax of the softmax, as the first article's code does: no loss is then below
        ``ln(1 + (K - 1) / e)``, 1.4612 for ten classes.
    reduction : str, default "mean"
        ``mean`` over the examples, or ``none``.

    Returns
    -------
    Tensor, shape () or (N,)
    """
    if softmax_before_loss:
        logits = functional.softmax(logits, dim=1)
    return functional.cross_entropy(logits, labels, reduction=reduction)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, and back into the mode it was in."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@dataclass(frozen=True)
class Evaluation:
    """What a pass over a split measured, example by example in file order.

    Attributes
    ----------
    losses : ndarray of float32, shape (N,)
        Cross-entropy, nats.
    correct : ndarray of bool, shape (N,)
    predictions : ndarray of uint8, shape (N,)
        The class with the largest logit.
    """

    losses: NDArray[np.float32]
    correct: NDArray[np.bool_]
    predictions: NDArray[np.uint8]

    @property
    def loss(self) -> float:
        """Mean cross-entropy over the examples, nats."""
        return float(self.losses.mean(dtype=np.float64))

    @property
    def accuracy(self) -> float:
        """Share of correct answers, in [0, 1]."""
        return float(self.correct.mean())


def evaluate(model: nn.Module, split: Split, *, softmax_before_loss: bool = False) -> Evaluation:
    """Measure a model on every example of a split, in evaluation mode.

    Parameters
    ----------
    model : Module
        Left in the mode, and with the buffers, that it came with.
    split : Split
        On the model's device.
    softmax_before_loss : bool, default False
        See `cross_entropy`.
    """
    (only,) = evaluate_members(model, 1, split, softmax_before_loss=softmax_before_loss)
    return only


def evaluate_members(
    model: nn.Module, members: int, split: Split, *, softmax_before_loss: bool = False
) -> list[Evaluation]:
    """Measure each member of a `bnbench.training.stack.Stack`, or the one that a model is.

    Parameters
    ----------
    model : Module
        Gives logits (S, N, K), or (N, K) where S is 1.
    members : int
        S.
    split, softmax_before_loss
        As for `evaluate`.
    """
    labels_of_all, device = split.labels, split.labels.device
    # Filled in place, for the same reason as in the training.
    losses = torch.empty(members, len(labels_of_all), device=device)
    predictions = torch.empty(members, len(labels_of_all), dtype=torch.int64, device=device)
    size, done = _batch_size(device, members), 0
    with evaluation_mode(model), torch.inference_mode():
        for images, labels in zip(
            torch.split(split.images, size), torch.split(labels_of_all, size), strict=True
        ):
            logits = model(images).reshape(members, len(labels), -1)  # (S, N, K)
            place = slice(done, done + len(labels))
            done += len(labels)
            losses[:, place] = cross_entropy(
                logits.flatten(0, 1),
                labels.repeat(members),
                softmax_before_loss=softmax_before_loss,
                reduction="none",
            ).view(members, -1)
            predictions[:, place] = logits.argmax(dim=2)
    correct = predictions == labels_of_all
    return [
        Evaluation(loss, right, chosen.astype(np.uint8))
        for loss, right, chosen in zip(
            losses.cpu().numpy(), correct.cpu().numpy(), predictions.cpu().numpy(), strict=True
        )
    ]


def _batch_size(device: torch.device, members: int) -> int:
    return max(1, CUDA_EVALUATION_BATCH // members) if device.type == "cuda" else EVALUATION_BATCH
