"""One metric of one arm over its seeds, and what was published of it."""

from __future__ import annotations

import math

from bnbench.config import Metric
from bnbench.findings.measures import failed, measure
from bnbench.findings.published import PublishedRun
from bnbench.findings.results import Level
from bnbench.findings.study_runs import ArmRuns
from bnbench.statistics import median_time, summarize, time_to


def level_of(arm: ArmRuns, metric: Metric) -> Level:
    """Measure every run of an arm.

    Runs of which the metric is not known are left out; an arm without any has neither summary
    nor median.

    Raises
    ------
    BnbenchError
        As `bnbench.findings.measures.measure`.
    """
    measured = {seed: measure(metric, run) for seed, run in arm.runs.items()}
    values = {seed: value for seed, value in measured.items() if not math.isnan(value)}
    numbers, is_time = list(values.values()), metric.quantity.kind == "time"
    published, rounding = None, 0.0
    if arm.published:
        published = published_value(metric, arm.published, arm.experiment.training.epochs)
        rounding = 0.0 if published is None or is_time else arm.published.reading_error
    return Level(
        label=arm.label,
        metric=metric,
        values=values,
        diverged=tuple(seed for seed in values if failed(arm.runs[seed])),
        summary=summarize(numbers, rounding=rounding) if numbers and not is_time else None,
        median=median_time(numbers) if numbers else math.nan,
        published=published,
        rounding=rounding,
    )


def published_value(metric: Metric, published: PublishedRun, epochs: int) -> float | None:
    """Read a metric from a published run's curves; ``None`` where they do not give it.

    Parameters
    ----------
    metric : Metric
    published : PublishedRun
    epochs : int
        Of the re-runs, whose last epoch ``@last`` means.
    """
    curves = {
        "train_accuracy": published.training_accuracy,
        "validation_accuracy": published.validation_accuracy,
    }
    if curve := curves.get(metric.quantity.name):
        epoch = metric.epoch or epochs
        return curve[epoch - 1] if epoch <= len(curve) else None
    if metric.quantity.name == "epochs_to_accuracy":
        curve = published.validation_accuracy
        return time_to(range(1, len(curve) + 1), curve, metric.threshold)
    return None
