"""Numbers in the units that people read, for the one line behind a verdict."""

from __future__ import annotations

import math

from bnbench.config import Metric
from bnbench.statistics import Interval, SpeedUp

DIGITS = {"pp": 2, "nats": 4, "tau": 2}


def value_text(metric: Metric, value: float) -> str:
    """Write a level: ``98.30 %``, ``0.0512 nats`` or ``tau 0.91``."""
    if metric.quantity.unit == "tau":
        return f"tau {value:.2f}"
    return f"{_number(metric, value)} {'%' if metric.quantity.unit == 'pp' else 'nats'}"


def difference_text(metric: Metric, value: float) -> str:
    """Write a difference of levels: ``+0.59 pp``, ``-0.0031 nats`` or ``+0.05 tau``."""
    return f"{_number(metric, value, '+')} {metric.quantity.unit}"


def interval_text(metric: Metric, interval: Interval) -> str:
    """Write an interval of levels or differences without its unit; nothing where it is NaN."""
    if math.isnan(interval.low):
        return ""
    return f" [{_number(metric, interval.low)}, {_number(metric, interval.high)}]"


def speed_text(metric: Metric, speed: SpeedUp) -> str:
    """Write the medians of two arms' times, and their ratio with its interval."""
    medians = " against ".join(map(_time, (speed.treatment_median, speed.baseline_median)))
    text = f"{medians} {metric.quantity.unit} (medians)"
    if not math.isnan(speed.ratio):
        text += f", ratio {_ratio(speed.ratio)}"
    if not math.isnan(speed.interval.low):
        text += f" [{_ratio(speed.interval.low)}, {_ratio(speed.interval.high)}]"
    return text


def p_text(p: float) -> str:
    """Write a p value: ``p = 0.0020``, ``p < 0.0001``."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"


def _number(metric: Metric, value: float, sign: str = "") -> str:
    unit = metric.quantity.unit
    return f"{100 * value if unit == 'pp' else value:{sign}.{DIGITS[unit]}f}"


def _time(time: float) -> str:
    return "never" if math.isinf(time) else f"{time:.3g}" if time < 100 else f"{time:.0f}"


def _ratio(ratio: float) -> str:
    return "infinite" if math.isinf(ratio) else f"{ratio:.2f}"
