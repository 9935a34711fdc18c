"""Where early stopping would end a run that goes on to its last epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bnbench.config import EarlyStoppingSettings


def stopping_epoch(values: Iterable[float], rule: EarlyStoppingSettings) -> int | None:
    """The first epoch, from 1, that ends `patience` epochs without an improvement.

    Parameters
    ----------
    values : iterable of float
        What the rule watches, epoch by epoch; what is no number improves on nothing.

    Returns
    -------
    int or None
        ``None``: no such epoch so far.
    """
    sign = -1 if rule.watch == "validation_loss" else 1
    best, epochs_since = -math.inf, 0
    for epoch, value in enumerate(values, 1):
        if sign * value > best + rule.least_change:
            best, epochs_since = sign * value, 0
        else:
            epochs_since += 1
        if epochs_since == rule.patience:
            return epoch
    return None
