"""When a training has failed: the one definition, for findings, claims, comparisons and lists.

A run has failed if a loss is no finite number or above `ASTRONOMIC`, which is called diverged, or
if its last validation accuracy is not above `CHANCE`.
"""

from __future__ import annotations

from collections.abc import Iterable

from bnbench.runs.manifest import Manifest

CHANCE = 0.1135
"""The share of the commonest digit in MNIST's test file (0.1126 in its last 5,000 training
images): what a network that has learned nothing gets. It is 1.35 pp above one in ten, and that is
the margin for the other data sets, too."""

ASTRONOMIC = 1e6
"""Nats. Ten equal probabilities have 2.3, and the worst network of the reference, 217."""


def sound_epochs(losses: Iterable[float]) -> int:
    """Count the epochs before the first whose loss is astronomic or no number."""
    count = 0
    for loss in losses:
        if not loss <= ASTRONOMIC:
            break
        count += 1
    return count


def learned_nothing(accuracy: float) -> bool:
    """Tell whether an accuracy in [0, 1] is not above `CHANCE`."""
    return accuracy <= CHANCE


def has_failed(manifest: Manifest) -> bool:
    """Tell of a finished run whether its training failed, as far as its manifest says it."""
    final = manifest.final
    if manifest.status == "diverged":
        return True
    if manifest.status != "complete":
        return False
    astronomic = final.validation_loss is not None and final.validation_loss > ASTRONOMIC
    return astronomic or (
        final.validation_accuracy is not None and learned_nothing(final.validation_accuracy)
    )
