"""A logarithmic axis whose ticks are plain numbers."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import Locator, LogLocator, MaxNLocator, NullLocator

MOST_WITH_TICKS_BETWEEN = 1000
"""The largest by the smallest value: beyond, only powers of ten have a tick."""
FEWEST_WITH_DECADES = 5
"""Below, a decade's 1, 2 and 5 would be one tick or two."""


def log_scale(low: float, high: float, *, ax: Axes) -> None:
    """Scale the vertical axis by the logarithm, from below `low` to above `high`.

    A band may reach 0, which is nowhere on it.
    """
    ax.set_yscale("log")
    ax.set_ylim(0.8 * low, 1.25 * high)
    ax.yaxis.set_major_locator(_locator(high / low))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter("{x:g}")


def _locator(span: float) -> Locator:
    if span < FEWEST_WITH_DECADES:
        return MaxNLocator(5)
    return LogLocator(subs=(1,) if span > MOST_WITH_TICKS_BETWEEN else (1, 2, 5))
