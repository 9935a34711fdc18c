"""An estimate and its interval as a mark on a line: what several figures are made of."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.style import Look


def plot_intervals(rows: pd.DataFrame, *, offset: float, label: str, look: Look, ax: Axes) -> None:
    """Draw estimates from left to right, one line each.

    Parameters
    ----------
    rows : DataFrame
        ``row`` (height, counted downwards from 0), ``value``, ``lower`` and ``upper`` (NaN: no
        interval).
    offset : float
        Added to every height, so that several estimates of one row do not hide each other.
    look : Look
        Its colour and marker.
    """
    heights = rows["row"] + offset
    ax.hlines(heights, rows["lower"], rows["upper"], color=look.color, linewidth=1.8, zorder=3)
    ax.plot(
        rows["value"], heights, color=look.color, linestyle="none", marker=look.marker,
        markersize=5.5, label=label, zorder=4,
    )  # fmt: skip


def in_rows(table: pd.DataFrame, *, ax: Axes) -> pd.DataFrame:
    """Give each ``name`` of a table a ``row``, the first on top, and write it at the left."""
    names = list(table["name"].unique())
    ax.set_yticks(range(len(names)), names, fontsize=8.5)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=False, axis="y")
    return table.assign(row=table["name"].map(names.index))
