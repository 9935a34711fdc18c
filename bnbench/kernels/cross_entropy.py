"""The cross-entropy of a batch, its gradient and the correct answers, in one pass over the logits.

PyTorch has a function for each of their dozen steps, and starting one takes longer than ten logits
of 64 examples need. Sums are in float64, and rounded at the end.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from bnbench.kernels.arrays import LIKE, Call, addresses_of
from bnbench.kernels.loops import compiled, kept
from bnbench.kernels.tiles import array_at


def loss_and_gradient(
    logits: Tensor, labels: Tensor, *, softmax_before_loss: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute what `bnbench.training.evaluation.cross_entropy` does, and more.

    Parameters
    ----------
    logits : Tensor, shape (N, K)
    labels : Tensor of int64, shape (N,)
    softmax_before_loss : bool
        Take the softmax of the softmax.

    Returns
    -------
    loss : Tensor, shape ()
        Mean over the examples, nats.
    gradient : Tensor, shape (N, K)
        Of the loss, for the logits.
    correct : Tensor of int64, shape ()
    """
    logits, labels = logits.detach().contiguous(), labels.contiguous()
    gradient = torch.empty_like(logits)
    loss, correct = logits.new_empty(()), labels.new_empty(())
    results = gradient, loss, correct
    cross_entropy_call(logits, labels, *results, softmax_before_loss=softmax_before_loss)()
    return loss, gradient, correct


def cross_entropy_call(
    logits: Tensor, labels: Tensor, gradient: Tensor, loss: Tensor, correct: Tensor, *,
    softmax_before_loss: bool,
) -> Call:  # fmt: skip
    """What `loss_and_gradient` does, with contiguous arrays for its results."""
    arrays = logits, labels, gradient, loss, correct
    like, addresses = LIKE[logits.dtype], addresses_of(*arrays)
    return Call(_compute, (like, addresses, (*logits.shape,), softmax_before_loss), arrays)


@compiled
def _softmax(values, shares):
    """Write the shares of ``exp(values)``; return the logarithm of their sum."""
    most = values[0]
    for value in values:
        most = value if value > most else most
    total = 0.0
    for place in range(values.size):
        shares[place] = math.exp(values[place] - most)
        total += shares[place]
    for place in range(values.size):
        shares[place] /= total
    return most + math.log(total)


@compiled
def _largest(values):
    """Find the first of the largest; as in PyTorch, a NaN is larger than any number."""
    best = 0
    for place in range(1, values.size):
        is_nan = values[place] != values[place] and values[best] == values[best]
        if values[place] > values[best] or is_nan:
            best = place
    return best


@kept
def _compute(like, addresses, shape, softmax_before_loss):
    """Compute loss, gradient and correct answers.

    Parameters
    ----------
    like : float32 or float64
        The type of logits, gradient and loss.
    addresses : tuple of int
        Of logits (N, K), labels (N,), int64, the gradient (N, K), the loss (), and the correct
        answers (), int64.
    shape : tuple of int
        N and K.
    softmax_before_loss : bool
        Take the softmax of the softmax.
    """
    examples, classes = shape
    logits = array_at(addresses[0], examples * classes, like)
    labels = array_at(addresses[1], examples, np.int64(0))
    gradients = array_at(addresses[2], examples * classes, like)
    loss, correct = array_at(addresses[3], 1, like), array_at(addresses[4], 1, np.int64(0))
    values, first, second = np.empty(classes), np.empty(classes), np.empty(classes)
    total, right = 0.0, 0
    for example in range(examples):
        label = labels[example]
        if label < 0 or label >= classes:
            raise IndexError("a label is no class of the network")
        given = logits[example * classes : (example + 1) * classes]
        right += _largest(given) == label
        values[:] = given
        logarithm = _softmax(values, first)
        if softmax_before_loss:
            values[:] = first
            logarithm = _softmax(values, second)
            total += logarithm - values[label]
            second[label] -= 1
            through = 0.0
            for place in range(classes):
                through += first[place] * second[place]
            for place in range(classes):
                second[place] = first[place] * (second[place] - through)
        else:
            total += logarithm - values[label]
            second[:] = first
            second[label] -= 1
        gradient = gradients[example * classes : (example + 1) * classes]
        for place in range(classes):
            gradient[place] = second[place] / examples
    loss[0] = total / examples
    correct[0] = right
