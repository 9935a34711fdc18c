"""A metric over the values of one setting, for each side of a contrast, and how many runs fail."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from bnbench.plots.log_scale import log_scale
from bnbench.plots.seeds import plot_seeds
from bnbench.plots.style import experiment_look

LETTERS = 7  # of the values' names, side by side over an inch of the figure
ERROR_TICKS = (10, 50, 80, 90, 95, 98, 99, 99.5, 99.9)  # percent accuracy


def plot_sweep(table: pd.DataFrame, *, percent: bool, ax: Axes) -> None:
    """Draw a metric of several arms over a setting.

    Parameters
    ----------
    table : DataFrame
        one row a point: the columns of `bnbench.plots.seeds`, and ``arm`` (they keep their
        order, the baseline first), ``x`` and ``value``.
    percent : bool
        Whether the values are accuracies in percent.
    """
    bounds = (0.0, 100.0) if percent else (-math.inf, math.inf)
    least = 0.0 if percent or table["value"].gt(0).all() else -math.inf
    within = table["lower"].gt(least) & table["upper"].lt(bounds[1])  # else a wall on a log axis
    table = table.assign(upper=table["upper"].where(within))
    arms = list(table.groupby("arm", sort=False))
    for position, (arm, rows) in enumerate(arms):
        look = experiment_look(position)
        plot_seeds(rows, x="x", y="value", label=str(arm), look=look, ax=ax, bounds=bounds)


def scale_levels(values: NDArray[np.float64], *, percent: bool, ax: Axes) -> str:
    """Choose the vertical scale for all values that are drawn on an axis, in whichever panel.

    Where they span more than a decade it is logarithmic. Of accuracies it is the error that counts,
    and its logarithm: near 100 % is where arms differ.

    Returns
    -------
    str
        What the axis has to say of its scale; nothing where it is linear.
    """
    if percent and spans_decades(100 - values):
        _spread_below_100(ax, values)
        return "log scale of the error"
    if not percent and spans_decades(values):
        log_scale(float(np.nanmin(values)), float(np.nanmax(values)), ax=ax)
        return "log scale"
    return ""


def plot_failures(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw the share of failed runs over a setting.

    Parameters
    ----------
    table : DataFrame
        One row a point and arm: ``arm``, ``x`` and ``failed`` (percent of the runs).
    """
    for position, (_, rows) in enumerate(table.groupby("arm", sort=False)):
        look = experiment_look(position)
        ax.plot(
            rows["x"], rows["failed"], color=look.color, marker=look.marker, linewidth=1.2,
            linestyle=look.dashes,
        )  # fmt: skip
    ax.set_ylim(-8, 108)
    ax.set_yticks([0, 50, 100])


def setting_axis(values: Sequence[float], names: Sequence[str], *, ax: Axes) -> None:
    """Put a tick at every value that was tried, on a logarithmic scale where they span decades.

    A zero among them is on such a scale, too, one decade before the smallest.
    """
    positive = np.array([value for value in values if value])
    if spans_decades(positive):
        if len(positive) == len(values):
            ax.set_xscale("log")
        else:
            ax.set_xscale("symlog", linthresh=positive.min(), linscale=1)
        ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(values, names)
    subplot = ax.get_subplotspec()
    panels = subplot.get_gridspec().ncols if subplot else 1
    figure = ax.get_figure()
    room = LETTERS * (figure.get_figwidth() if isinstance(figure, Figure) else 6)
    if panels * len("".join(names)) > room:
        ax.tick_params(axis="x", rotation=40)


def spans_decades(values: NDArray[np.float64]) -> bool:
    """Say whether values are positive and the largest is more than ten times the smallest."""
    known = values[np.isfinite(values)]
    return bool(known.size and known.min() > 0 and known.max() > 10 * known.min())


def _spread_below_100(ax: Axes, values: NDArray[np.float64]) -> None:
    """Scale by the logarithm of the distance from 100 %; nothing lies nearer than 0.01 %."""
    ax.set_yscale(
        "function",
        functions=(
            lambda accuracy: -np.log(np.maximum(100 - accuracy, 0.01)),
            lambda height: 100 - np.exp(-height),
        ),
    )
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ERROR_TICKS if low < tick <= high]))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_ylim(low - 0.1 * (100 - low), high + 0.3 * (100 - high))
