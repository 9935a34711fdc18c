"""Estimates and their intervals as the columns of a tidy table, in the unit that the axis shows."""

from __future__ import annotations

import math

from bnbench.findings.numbers import in_unit
from bnbench.findings.results import Level
from bnbench.statistics import Interval


def mark(value: float, ends: Interval, unit: str) -> dict[str, float]:
    """An estimate with its interval."""
    numbers = {"value": value, "lower": ends.low, "upper": ends.high}
    return {name: in_unit(number, unit) for name, number in numbers.items()}


def mark_of(level: Level) -> dict[str, float]:
    """A level with its 95 % t interval, and what was published; NaN where there is none."""
    published = math.nan if level.published is None else in_unit(level.published, level.unit)
    summary = level.summary
    if summary is None:
        return {"value": math.nan, "lower": math.nan, "upper": math.nan, "published": published}
    return {**mark(summary.mean, summary.interval, level.unit), "published": published}
