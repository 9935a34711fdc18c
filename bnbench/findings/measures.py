"""One number of one run, by a metric."""

from __future__ import annotations

import math

from bnbench.config import Metric
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun


def measure(metric: Metric, run: FinishedRun) -> float:
    """Measure one run.

    Returns
    -------
    float
        In the unit of the quantity. NaN where the run does not say: ``steps_to_loss`` of a run
        that keeps neither losses nor what was measured by them, a trend over one epoch.

    Notes
    -----
    A diverged run is a failure, never left out: from the epoch that it did not finish on it is as
    `FinishedRun.at_chance` says, and it takes infinitely long to anything, whatever it touched
    before.
    """
    if metric.epoch is not None and metric.epoch > run.planned_epochs:
        raise BnbenchError(
            f"{run.experiment.experiment}: has {run.planned_epochs} epochs, so no"
            f" {metric.text}; name an epoch that it has, or @last"
        )
    if metric.quantity.kind == "time" and run.diverged:
        return math.inf
    value = metric.quantity.measure(metric, run)
    return run.measured.get(metric.text, value) if math.isnan(value) else value
