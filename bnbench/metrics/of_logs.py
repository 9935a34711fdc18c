"""What a run's logs say.

Accuracies are shares of a split's images. Accuracies and losses are measured in evaluation mode,
except those of training batches. A run that diverged counts as at chance from there on.

============================ =====================================================================
``validation_accuracy``      of the validation split, after the epoch
``validation_loss``          mean cross-entropy over the validation split, after the epoch
``train_accuracy``           of the training split, after the epoch
``train_loss``               mean of the losses of the epoch's training batches, each before its
                             update
``test_accuracy``            of the test file, after the last epoch
``accuracy_gap``             training minus validation accuracy, after the last epoch
``loss_gap``                 validation minus training loss of the weights after the last epoch
``accuracy_gap_at_loss``     the accuracy gap where the training loss after an epoch first falls to
                             the threshold; interpolated between that epoch and the one before
``loss_gap_at_loss``         the loss gap there
``train_trend``              `kendall_tau` of the training accuracies after the epochs; 0 where all
                             are equal
``validation_trend``         the same of the validation accuracies
``train_gain``               training accuracy after the last epoch minus that after the first
``validation_gain``          the same of the validation accuracy
``area_under_error``         mean of 1 - validation accuracy over all evaluations, also those within
                             the epochs. They are equally many steps apart, so it is the area under
                             the curve, per epoch
``area_under_loss``          mean validation loss over all evaluations, likewise
``epochs_to_accuracy``       epochs until the validation accuracy is at or above the threshold in
                             two evaluations in a row (`time_to`); infinite where it never is
``seconds_to_accuracy``      seconds of training until then, without those of evaluations
``steps_to_loss``            first step at which the mean of the last 50 training losses is at or
                             below the threshold
``diverged``                 1 where a loss was NaN, infinite or above a million nats, or where the
                             last validation accuracy is no more than a tenth of the way from
                             chance to 1 (0.2022 for MNIST, whose chance is 0.1135; on other data
                             chance is the share of the commonest class if it is more); else 0
============================ =====================================================================
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bnbench.metrics.metric import Measured, Metric, Quantity, enter

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _column(metric: Metric, run: Measured) -> float:
    """The column of the quantity's name, after its epoch or the last one."""
    curve = run.curve(metric.quantity.name)
    return float(curve[-1 if metric.epoch is None else metric.epoch - 1])


def _gaps(metric: Metric, run: Measured) -> NDArray[Any]:
    """Say by how much training is ahead of validation, with the same weights, after each epoch."""
    names = ("train_accuracy", "validation_accuracy")
    if metric.quantity.unit == "nats":
        names = ("validation_loss", "train_loss_after_epoch")
    gaps: NDArray[Any] = run.curve(names[0]) - run.curve(names[1])
    return gaps


def _gap(metric: Metric, run: Measured) -> float:
    return float(_gaps(metric, run)[-1])


def _trend(curve: NDArray[Any]) -> float:
    """Kendall's tau; a constant curve has no trend, a single epoch does not say."""
    from bnbench.statistics import kendall_tau

    return 0.0 if curve.size > 1 and (curve == curve[0]).all() else kendall_tau(curve)


def _gap_at_loss(metric: Metric, run: Measured) -> float:
    """Interpolate between the epochs before and after which the training loss falls so low."""
    import numpy as np

    low = run.curve("train_loss_after_epoch")
    reached = np.flatnonzero(low <= metric.threshold)
    if not reached.size or reached[0] == 0:
        return math.nan  # never, or sooner than was looked
    after = int(reached[0])
    share = (low[after - 1] - metric.threshold) / (low[after - 1] - low[after])
    gap = _gaps(metric, run)
    return float(gap[after - 1] + share * (gap[after] - gap[after - 1]))


def _gain(curve: NDArray[Any]) -> float:
    """Subtract the first epoch's from the last one's; a single epoch gains nothing that shows."""
    return float(curve[-1] - curve[0]) if curve.size > 1 else math.nan


def _area_under_error(_: Metric, run: Measured) -> float:
    errors = 1 - run.at_evaluations("validation_accuracy")
    return math.fsum(errors) / errors.size


TIMES = {"epochs": "epoch", "seconds": "seconds"}
"""Units of time, and the columns of the evaluations that are in them."""


def _time_to(metric: Metric, run: Measured) -> float:
    """The epochs, or the seconds of training alone: how often one looks must not count."""
    from bnbench.statistics import time_to

    times = run.evaluations[TIMES[metric.quantity.unit]]
    return time_to(times, run.evaluations["validation_accuracy"], metric.threshold)


def _steps_to_loss(metric: Metric, run: Measured) -> float:
    """The first step at which the mean of the last fifty losses is low enough.

    The first touch counts, unconfirmed: the window has smoothed the noise of single batches.
    """
    if run.low_losses is None:
        return math.nan
    steps, means = run.low_losses
    reached = steps[means <= metric.threshold]
    return float(reached[0]) if reached.size else math.inf


enter(
    Quantity("validation_accuracy", "validation accuracy", "pp", "level", True, "epoch", _column),
    Quantity("validation_loss", "validation loss", "nats", "level", False, "epoch", _column),
    Quantity("train_accuracy", "training accuracy", "pp", "level", True, "epoch", _column),
    Quantity("train_loss", "training loss", "nats", "level", False, "epoch", _column),
    Quantity(
        "test_accuracy", "test accuracy", "pp", "level", True, "",
        lambda _, run: run.test_accuracy,
    ),
    Quantity(
        "accuracy_gap", "training minus validation accuracy", "pp", "level", False, "", _gap
    ),
    Quantity(
        "loss_gap", "validation minus training loss", "nats", "level", False, "", _gap
    ),
    Quantity(
        "accuracy_gap_at_loss", "training minus validation accuracy at training loss", "pp",
        "level", False, "loss", _gap_at_loss,
    ),
    Quantity(
        "loss_gap_at_loss", "validation minus training loss at training loss", "nats",
        "level", False, "loss", _gap_at_loss,
    ),
    Quantity(
        "train_trend", "Kendall's tau of training accuracy", "tau", "level", True, "",
        lambda _, run: _trend(run.curve("train_accuracy")),
    ),
    Quantity(
        "validation_trend", "Kendall's tau of validation accuracy", "tau", "level", True, "",
        lambda _, run: _trend(run.curve("validation_accuracy")),
    ),
    Quantity(
        "train_gain", "training accuracy gained since epoch 1", "pp", "level", True, "",
        lambda _, run: _gain(run.curve("train_accuracy")),
    ),
    Quantity(
        "validation_gain", "validation accuracy gained since epoch 1", "pp", "level", True, "",
        lambda _, run: _gain(run.curve("validation_accuracy")),
    ),
    Quantity(
        "area_under_error", "mean validation error", "pp", "level", False, "", _area_under_error,
        source="evaluations",
    ),
    Quantity(
        "area_under_loss", "mean validation loss", "nats", "level", False, "",
        lambda _, run: float(run.at_evaluations("validation_loss").mean()), source="evaluations",
    ),
    Quantity(
        "epochs_to_accuracy", "epochs to accuracy", "epochs", "time", False, "accuracy",
        _time_to, source="evaluations",
    ),
    Quantity(
        "seconds_to_accuracy", "seconds to accuracy", "seconds", "time", False, "accuracy",
        _time_to, source="evaluations",
    ),
    Quantity(
        "steps_to_loss", "steps to training loss", "steps", "time", False, "loss",
        _steps_to_loss, source="losses",
    ),
    Quantity(
        "diverged", "failed", "runs", "share", False, "", lambda _, run: float(run.failed)
    ),
)  # fmt: skip
