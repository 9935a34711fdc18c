"""One number of one run: each quantity that a study may name, measured on what the run logged."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.config import QUANTITIES, Metric
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun
from bnbench.registry import unknown
from bnbench.statistics import area_under_error, kendall_tau, time_to

CHANCE = 0.1135
"""The share of the commonest digit in MNIST's test file (0.1126 in its last 5,000 training
images): what a network that has learned nothing gets. It stands for the other data sets, too,
where it is at most 1.4 pp above one in ten."""

LOSS_AT_CHANCE = math.log(10)
"""Nats, of ten equal probabilities, with or without a softmax in front of the loss."""

LOSS_WINDOW = 50
"""Steps that a training loss is averaged over before it is held against a threshold."""

Curve = NDArray[np.float64]


def measure(metric: Metric, run: FinishedRun) -> float:
    """Measure one run.

    Returns
    -------
    float
        In the unit of the quantity. NaN where the run does not say: ``steps_to_loss`` without
        ``batches.csv``, a trend over one epoch.

    Notes
    -----
    A diverged run is a failure, never left out: from the epoch that it did not finish on its
    accuracies are `CHANCE` and its losses `LOSS_AT_CHANCE`, and it takes infinitely long to
    anything, whatever it touched before.
    """
    experiment = run.experiment
    if metric.epoch is not None and metric.epoch > experiment.training.epochs:
        raise BnbenchError(
            f"{experiment.experiment}: has {experiment.training.epochs} epochs, so no"
            f" {metric.text}; name an epoch that it has, or @last"
        )
    if metric.quantity.kind == "time" and run.diverged:
        return math.inf
    return MEASURES[metric.quantity.name](metric, run)


def failed(run: FinishedRun) -> bool:
    """Tell whether a run has failed: diverged, or ended no better than `CHANCE`."""
    return run.diverged or bool(accuracies(run, "validation")[-1] <= CHANCE)


def accuracies(run: FinishedRun, split: str) -> Curve:
    """Read the accuracy on a split after each configured epoch, in [0, 1], shape (E,)."""
    return _curve(run, f"{split}_accuracy", CHANCE)


def _curve(run: FinishedRun, column: str, at_chance: float) -> Curve:
    """Read a column of ``epochs.csv``, filled up where the run diverged before its end."""
    curve = np.full(run.experiment.training.epochs, at_chance)
    curve[: len(run.epochs)] = run.epochs[column]
    return curve


def _losses(run: FinishedRun, column: str) -> Curve:
    return _curve(run, column, LOSS_AT_CHANCE)


def _at(metric: Metric, curve: Curve) -> float:
    return float(curve[-1 if metric.epoch is None else metric.epoch - 1])


def _at_evaluations(run: FinishedRun, column: str, at_chance: float) -> Curve:
    """Read a column of every evaluation of a run, filled up from the epoch in which it diverged.

    A loss that is no number, which a run that went on can have had, counts as at chance.
    """
    whole = run.evaluations.loc[run.evaluations["epoch"] <= len(run.epochs), column]
    curve = np.full(run.evaluations_due, at_chance)
    curve[: len(whole)] = whole
    return np.where(np.isfinite(curve), curve, at_chance)


def _area_under_error(run: FinishedRun) -> float:
    return area_under_error(_at_evaluations(run, "validation_accuracy", CHANCE))


def _area_under_loss(run: FinishedRun) -> float:
    return float(_at_evaluations(run, "validation_loss", LOSS_AT_CHANCE).mean())


def _test_accuracy(run: FinishedRun) -> float:
    """Read the score of the last epoch's weights on the test file, which may be validation."""
    if run.diverged:
        return CHANCE
    if run.manifest.dataset.validation_is_test_file:
        return float(accuracies(run, "validation")[-1])
    if (accuracy := run.manifest.final.test_accuracy) is None:
        raise BnbenchError(
            f"{run.run.manifest}: final.test_accuracy: is missing; train the run again"
        )
    return accuracy


def _accuracy_gap(run: FinishedRun) -> float:
    return float(accuracies(run, "train")[-1] - accuracies(run, "validation")[-1])


def _loss_gap(run: FinishedRun) -> float:
    """Subtract losses of the same weights: the training loss is measured after the epoch, too."""
    after = _losses(run, "train_loss_after_epoch")
    return float(_losses(run, "validation_loss")[-1] - after[-1])


def _trend(curve: Curve) -> float:
    """Compute Kendall's tau; a constant curve has no trend, a single epoch does not say."""
    if curve.size < 2:
        return math.nan
    return 0.0 if np.ptp(curve) == 0 else kendall_tau(curve)


def _epochs_to_accuracy(metric: Metric, run: FinishedRun) -> float:
    evaluations = run.evaluations
    return time_to(evaluations["epoch"], evaluations["validation_accuracy"], metric.threshold)


def _seconds_to_accuracy(metric: Metric, run: FinishedRun) -> float:
    """Count training alone: how often a run is looked at must not make it slower."""
    evaluations = run.evaluations
    return time_to(evaluations["seconds"], evaluations["validation_accuracy"], metric.threshold)


def _steps_to_loss(metric: Metric, run: FinishedRun) -> float:
    """Find the first step at which the mean of the last `LOSS_WINDOW` losses is low enough.

    The first touch counts, unconfirmed: the window has smoothed the noise of single batches.
    """
    if run.train_losses is None:
        return math.nan
    if run.train_losses.size < LOSS_WINDOW:
        return math.inf
    windows = np.lib.stride_tricks.sliding_window_view(run.train_losses, LOSS_WINDOW)
    low = np.flatnonzero(windows.mean(axis=1) <= metric.threshold)
    return float(low[0] + LOSS_WINDOW) if low.size else math.inf


def _looked(metric: Metric, run: FinishedRun) -> float:
    """Average what a probe saw over an epoch's looks, or over all but the one before training.

    A look belongs to the epoch whose step it follows. NaN where there is none, or where the run's
    file of the probe has not been kept.
    """
    quantity = metric.quantity
    looks = run.looks.get(quantity.probe)
    if looks is None:
        return math.nan
    name = f"{metric.layer}.{quantity.name}" if metric.layer else quantity.name
    if name not in looks:
        raise unknown(f"metric of the probe {quantity.probe}", name, _single(looks))
    seen = looks[name][_chosen(metric, run, looks["step"])]
    seen = seen[np.isfinite(seen)]
    return float(seen.mean(dtype=np.float64)) if seen.size else math.nan


def _chosen(metric: Metric, run: FinishedRun, steps: NDArray[Any]) -> NDArray[Any]:
    epochs = np.ceil(steps / run.steps_per_epoch)
    chosen: NDArray[Any] = epochs == (metric.epoch or run.experiment.training.epochs)
    if metric.looks != "epoch":
        chosen = epochs == 0 if metric.looks == "first" else epochs > 0
    return chosen


def _single(looks: Mapping[str, NDArray[Any]]) -> list[str]:
    """Name what is one number a look."""
    return [name for name, seen in looks.items() if seen.ndim == 1 and name != "step"]


MEASURES: dict[str, Callable[[Metric, FinishedRun], float]] = {
    "validation_accuracy": lambda metric, run: _at(metric, accuracies(run, "validation")),
    "validation_loss": lambda metric, run: _at(metric, _losses(run, "validation_loss")),
    "train_accuracy": lambda metric, run: _at(metric, accuracies(run, "train")),
    "train_loss": lambda metric, run: _at(metric, _losses(run, "train_loss")),
    "test_accuracy": lambda _, run: _test_accuracy(run),
    "accuracy_gap": lambda _, run: _accuracy_gap(run),
    "loss_gap": lambda _, run: _loss_gap(run),
    "train_trend": lambda _, run: _trend(accuracies(run, "train")),
    "validation_trend": lambda _, run: _trend(accuracies(run, "validation")),
    "area_under_error": lambda _, run: _area_under_error(run),
    "area_under_loss": lambda _, run: _area_under_loss(run),
    "epochs_to_accuracy": _epochs_to_accuracy,
    "seconds_to_accuracy": _seconds_to_accuracy,
    "steps_to_loss": _steps_to_loss,
    "diverged": lambda _, run: float(failed(run)),
} | {name: _looked for name, quantity in QUANTITIES.items() if quantity.probe}
"""How each of `bnbench.config.QUANTITIES` is measured: those at an epoch from ``epochs.csv``
(``train_loss`` as logged during the epoch), ``area_under_*`` as means over all evaluations, those
within the epochs too: they are fixed steps apart, so that the mean is the area per epoch."""
