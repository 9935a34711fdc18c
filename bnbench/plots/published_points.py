"""A published curve, point by point, against the intervals in which one re-run would fall."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.seeds import epoch_axis

INTERVAL = "95 % prediction interval of one run"
MEAN = "mean of the re-runs"
INSIDE = "published, inside"
OUTSIDE = "published, outside"


def plot_published_points(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw one published curve.

    Parameters
    ----------
    table : DataFrame
        One row an epoch: ``epoch``, ``published``, ``mean``, ``lower`` and ``upper`` (of the
        prediction interval; NaN: none), all in percent, and ``inside`` (bool).
    """
    ax.vlines(
        table["epoch"], table["lower"], table["upper"], color="#0072B2", linewidth=1.4,
        label=INTERVAL, zorder=2,
    )  # fmt: skip
    ax.plot(
        table["epoch"], table["mean"], color="#0072B2", linestyle="none", marker="_", markersize=8,
        label=MEAN, zorder=3,
    )  # fmt: skip
    inside, judged = table["inside"], table["lower"].notna()
    marks = (
        (table[inside], INSIDE, "o", "black", "white"),
        (table[~inside & judged], OUTSIDE, "X", "#D55E00", "#D55E00"),
    )
    for rows, label, marker, color, face in marks:
        if not rows.empty:
            ax.plot(
                rows["epoch"], rows["published"], color=color, linestyle="none", marker=marker,
                markersize=6 if marker == "X" else 5, markerfacecolor=face, label=label, zorder=4,
            )  # fmt: skip
    epoch_axis(ax)
