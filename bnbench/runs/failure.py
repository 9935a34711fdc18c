"""When a training has failed: the one definition, for findings, claims, comparisons and lists.

A run has failed if a loss is no finite number or above `ASTRONOMIC`, which is called diverged, or
if its last validation accuracy is not above `failing_accuracy`.
"""

from __future__ import annotations

from collections.abc import Iterable

from bnbench.runs.manifest import Dataset, Manifest

MARGIN = 0.0135
"""From one in ten to the share of the commonest digit in MNIST's test file (it is 0.1126 in its
last 5,000 training images). A network that has learned nothing gets that share, or that of the
commonest class of its own data, if this is more."""

LEAST_LEARNED = 0.1
"""Of the way from `chance` to an accuracy of 1. A run that comes no further has failed: it may be
above chance by luck, or by telling a single class from the rest."""

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


def chance(dataset: Dataset) -> float:
    """Compute the accuracy of a network that has learned nothing: 0.1135 of MNIST's ten classes.

    It is that of always naming one class: the commonest, as far as the manifest states its share.
    """
    return dataset.commonest_class or 1 / dataset.classes + MARGIN


def failing_accuracy(dataset: Dataset) -> float:
    """Compute the accuracy, in [0, 1], up to which a run has failed: 0.2022 for MNIST."""
    return chance(dataset) + LEAST_LEARNED * (1 - chance(dataset))


def hardly_learned(accuracy: float, dataset: Dataset) -> bool:
    """Tell whether an accuracy in [0, 1] is not above `failing_accuracy`."""
    return accuracy <= failing_accuracy(dataset) < 1  # images of one class tell nothing


def has_failed(manifest: Manifest) -> bool:
    """Tell of a finished run whether its training failed, as far as its manifest says it."""
    final = manifest.final
    if manifest.status == "diverged":
        return True
    if manifest.status != "complete":
        return False
    astronomic = final.validation_loss is not None and final.validation_loss > ASTRONOMIC
    return astronomic or (
        final.validation_accuracy is not None
        and hardly_learned(final.validation_accuracy, manifest.dataset)
    )
