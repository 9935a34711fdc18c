"""Paired differences: one row a contrast, its seeds, their mean, and what was published."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bnbench.plots.intervals import in_rows, plot_intervals
from bnbench.plots.style import PUBLISHED, experiment_look

SEED = "one pair of runs"
MEAN = "mean with 95 % t interval"
SMALLEST_EFFECT = "too small to count"


def plot_paired(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw the differences of several contrasts in one metric.

    Parameters
    ----------
    table : DataFrame
        One row a mark: ``name`` (of the contrast; they keep their order, the first on top),
        ``kind`` (``run``: one seed; ``mean``, with the interval's ends in ``lower`` and
        ``upper``; ``published``), ``value`` and ``smallest_effect`` (NaN: none). One unit
        throughout.
    """
    table = in_rows(table, ax=ax)
    margin = table["smallest_effect"].max()
    if margin > 0:
        ax.axvspan(-margin, margin, color="0.9", linewidth=0, zorder=0.5, label=SMALLEST_EFFECT)
    ax.axvline(0, color="0.2", linewidth=0.9, zorder=1)
    look = experiment_look(1)
    runs, means, published = (table[table["kind"] == kind] for kind in ("run", "mean", "published"))
    ax.plot(
        runs["value"], runs["row"] + 0.14 + _spread(runs), color=look.color, linestyle="none",
        marker="o", markersize=2.6, markeredgewidth=0, zorder=2, label=SEED,
    )  # fmt: skip
    plot_intervals(means, offset=0, label=MEAN, look=look, ax=ax)
    if not published.empty:
        ax.plot(
            published["value"], published["row"] - 0.22, color="black", linestyle="none",
            marker="D", markersize=5, markerfacecolor="white", zorder=4, label=PUBLISHED,
        )  # fmt: skip
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _spread(runs: pd.DataFrame) -> pd.Series[float]:
    """Set the seeds of a row below each other, from 0 to 0.24, so that none hides another."""
    place = runs.groupby("row").cumcount()
    last = runs.groupby("row")["value"].transform("size") - 1
    return 0.24 * place / last.clip(lower=1)
