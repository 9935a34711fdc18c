"""Estimates and their intervals as the columns of a tidy table, in the unit that the axis shows."""

from __future__ import annotations

from bnbench.config import Metric
from bnbench.findings.numbers import factor
from bnbench.findings.results import Level
from bnbench.statistics import Contrast


def mean_of(contrast: Contrast | None, metric: Metric) -> dict[str, float]:
    """A difference with its 95 % t interval; NaN where there is none."""
    if contrast is None:
        return dict.fromkeys(("value", "lower", "upper"), float("nan"))
    scale, ends = factor(metric.quantity.unit), contrast.t_interval
    return {
        "value": scale * contrast.mean_difference,
        "lower": scale * ends.low,
        "upper": scale * ends.high,
    }


def level_of(level: Level, scale: int) -> dict[str, float]:
    """A level with its 95 % t interval, and what was published; NaN where there is none."""
    nan = float("nan")
    published = nan if level.published is None else scale * level.published
    if (summary := level.summary) is None:
        return {"value": nan, "lower": nan, "upper": nan, "published": published}
    return {
        "value": scale * summary.mean,
        "lower": scale * summary.interval.low,
        "upper": scale * summary.interval.high,
        "published": published,
    }
