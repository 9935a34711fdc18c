"""Levels of several arms with their intervals, a row a setting."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.intervals import in_rows, plot_intervals
from bnbench.plots.style import PUBLISHED, experiment_look


def plot_levels(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw the arms' levels, row below row.

    Parameters
    ----------
    table : DataFrame
        One row an arm and setting: ``name`` (of the setting; they keep their order), ``arm`` (the
        baseline comes first), ``value``, ``lower``, ``upper`` and ``published`` (NaN: none), and
        ``failed``, what is written beside it of failed runs.
    """
    in_order = in_rows(table, ax=ax).groupby("arm", sort=False)
    for position, (arm, rows) in enumerate(in_order):
        look, offset = experiment_look(position), 0.14 - 0.28 * position
        plot_intervals(rows, offset=offset, label=str(arm), look=look, ax=ax)
        known = rows.dropna(subset="published")
        if not known.empty:
            ax.plot(
                known["published"], known["row"] + offset, color="black", linestyle="none",
                marker=look.marker, markerfacecolor="white", label=PUBLISHED, zorder=5,
            )  # fmt: skip
        failed = rows[rows["failed"] != ""]
        # on the side of the row on which the other arm is not
        down, side = (2, "top") if offset > 0 else (-2, "bottom")
        for words, value, row in zip(failed["failed"], failed["value"], failed["row"], strict=True):
            ax.annotate(words, (value, row + offset), xytext=(6, down), va=side,
                        textcoords="offset points", fontsize=7)  # fmt: skip
