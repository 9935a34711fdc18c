"""One metric of one arm over its seeds, and what was published of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from bnbench.config import Metric
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.published import PublishedRun
from bnbench.findings.results import Level
from bnbench.findings.study_runs import ArmRuns
from bnbench.metrics.of_logs import TIMES
from bnbench.statistics import time_to


def level_of(arm: ArmRuns, metric: Metric) -> Level:
    """Measure every run of an arm, once, however many contrasts it stands in.

    Runs of which the metric is not known are left out; an arm without any has neither summary
    nor median.
    """
    if metric.text not in arm.levels:
        arm.levels[metric.text] = _measured(arm, metric)
    return arm.levels[metric.text]


def _measured(arm: ArmRuns, metric: Metric) -> Level:
    measured = {seed: measure(metric, run) for seed, run in arm.runs.items()}
    values = {seed: value for seed, value in measured.items() if not math.isnan(value)}
    published, reading_error = None, 0.0
    if arm.published:
        published = published_value(metric, arm.published, arm.experiment.training.epochs)
        reading_error = 0.0 if published is None else arm.published.reading_error
    is_time = metric.quantity.kind == "time"
    return Level(
        label=arm.label,
        metric=metric,
        values=values,
        failed=tuple(seed for seed in values if arm.runs[seed].failed),
        published=published,
        reading_error=reading_error,
        at_first_look=is_time and 2 * sum(_first_look(arm, metric, values)) >= len(values) > 0,
    )


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


def _first_look(arm: ArmRuns, metric: Metric, values: Mapping[int, float]) -> Iterator[bool]:
    """Tell, run by run, whether a time is that of its first evaluation."""
    if metric.quantity.source != "evaluations":
        return
    for seed, value in values.items():
        looks = arm.runs[seed].evaluations[TIMES[metric.quantity.unit]]
        yield looks.size > 0 and value == looks[0]


def published_value(metric: Metric, published: PublishedRun, epochs: int) -> float | None:
    """Read a metric from a published run's curves; ``None`` where they do not give it.

    Parameters
    ----------
    epochs : int
        Of the re-runs, whose last epoch ``@last`` means.
    """
    if curve := published.accuracies.get(metric.quantity.name.removesuffix("_accuracy")):
        epoch = metric.epoch or epochs
        return curve[epoch - 1] if epoch <= len(curve) else None
    if metric.quantity.name == "epochs_to_accuracy":
        curve = published.accuracies["validation"]
        return time_to(range(1, len(curve) + 1), curve, metric.threshold)
    return None
