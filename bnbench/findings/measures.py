"""One number of one run: what its files hold, as what metrics are measured by."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnbench.config import Metric
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun
from bnbench.runs.failure import chance, learned_nothing

Curve = NDArray[np.float64]


def measure(metric: Metric, run: FinishedRun) -> float:
    """Measure one run.

    Returns
    -------
    float
        In the unit of the quantity. NaN where the run does not say: ``steps_to_loss`` of a run
        that keeps no losses, a trend over one epoch.

    Notes
    -----
    A diverged run is a failure, never left out: from the epoch that it did not finish on its
    accuracies and losses are `at_chance`, and it takes infinitely long to anything, whatever it
    touched before.
    """
    experiment = run.experiment
    if metric.epoch is not None and metric.epoch > experiment.training.epochs:
        raise BnbenchError(
            f"{experiment.experiment}: has {experiment.training.epochs} epochs, so no"
            f" {metric.text}; name an epoch that it has, or @last"
        )
    if metric.quantity.kind == "time" and run.diverged:
        return math.inf
    return metric.quantity.measure(metric, _OfRun(run))


def failed(run: FinishedRun) -> bool:
    """Tell whether a run has failed; `bnbench.runs.failure` says when."""
    last = float(accuracies(run, "validation")[-1])
    return run.diverged or learned_nothing(last, run.num_classes)


def accuracies(run: FinishedRun, split: str) -> Curve:
    """Read the accuracy on a split after each configured epoch, in [0, 1], shape (E,)."""
    return _curve(run, f"{split}_accuracy")


def at_chance(run: FinishedRun, column: str) -> float:
    """What a column of the logs is where nothing has been learned.

    A loss is that of equal probabilities, with or without a softmax in front of it.
    """
    classes = run.num_classes
    return chance(classes) if column.endswith("accuracy") else math.log(classes)


def _curve(run: FinishedRun, column: str) -> Curve:
    """Read a column of ``epochs.csv``, filled up where the run diverged before its end."""
    curve = np.full(run.experiment.training.epochs, at_chance(run, column))
    curve[: len(run.epochs)] = run.epochs[column]
    return curve


def _at_evaluations(run: FinishedRun, column: str) -> Curve:
    """Read a column of every evaluation of a run, filled up from the epoch in which it diverged.

    A loss that is no number, which a run that went on can have had, counts as at chance.
    """
    whole = run.evaluations.loc[run.evaluations["epoch"] <= len(run.epochs), column]
    nothing_learned = at_chance(run, column)
    curve = np.full(run.evaluations_due, nothing_learned)
    curve[: len(whole)] = whole
    return np.where(np.isfinite(curve), curve, nothing_learned)


def _test_accuracy(run: FinishedRun) -> float:
    """Read the score of the last epoch's weights on the test file, which may be validation."""
    if run.diverged:
        return chance(run.num_classes)
    if run.manifest.dataset.validation_is_test_file:
        return float(accuracies(run, "validation")[-1])
    if (accuracy := run.manifest.final.test_accuracy) is None:
        raise BnbenchError(
            f"{run.run.manifest}: final.test_accuracy: is missing; train the run again"
        )
    return accuracy


class _OfRun:
    """A finished run as what a metric is measured by; see `bnbench.metrics.Measured`."""

    def __init__(self, run: FinishedRun) -> None:
        self._run = run
        self.epochs = run.experiment.training.epochs
        self.steps_per_epoch = run.steps_per_epoch
        self.low_losses = (run.losses.low_step, run.losses.low_mean) if run.losses else None

    @property
    def failed(self) -> bool:
        return failed(self._run)

    @property
    def test_accuracy(self) -> float:
        return _test_accuracy(self._run)

    @property
    def evaluations(self) -> pd.DataFrame:
        return self._run.evaluations

    @property
    def looks(self) -> dict[str, dict[str, NDArray[Any]]]:
        return self._run.looks

    def curve(self, column: str) -> Curve:
        return _curve(self._run, column)

    def at_evaluations(self, column: str) -> Curve:
        return _at_evaluations(self._run, column)
