"""The ladder from the published recipe to the corrected one, and what each switch does."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.intervals import name_rows, plot_intervals, zero_line
from bnbench.plots.style import PUBLISHED, Look, experiment_look

LEAD = "lead: mean with 95 % t interval"
WHERE = {
    "switch": ("on the ladder", Look("#0072B2", "-", "o")),
    "alone": ("alone, in the published recipe", Look("#D55E00", "-", "s")),
    "last": ("last, all others corrected", Look("#009E73", "-", "^")),
}
"""``where`` of a switch's effect: its name in the legend, and its look."""


def plot_levels(table: pd.DataFrame, *, ax: Axes) -> Axes:
    """Draw both arms' levels, rung below rung.

    Parameters
    ----------
    table : DataFrame
        One row an arm and rung: ``row`` (from 0, the published recipe), ``name`` (of the rung),
        ``arm`` (the baseline comes first), ``value``, ``lower``, ``upper`` and ``published``
        (NaN: none).
    """
    for position, (arm, rows) in enumerate(table.groupby("arm", sort=False)):
        look, offset = experiment_look(position), 0.14 - 0.28 * position
        plot_intervals(rows, offset=offset, label=str(arm), look=look, ax=ax)
        known = rows.dropna(subset="published")
        if not known.empty:
            ax.plot(
                known["published"], known["row"] + offset, color="black", linestyle="none",
                marker=look.marker, markerfacecolor="white", label=PUBLISHED, zorder=5,
            )  # fmt: skip
    name_rows(list(table["name"].unique()), ax=ax)
    return ax


def plot_leads(table: pd.DataFrame, *, ax: Axes) -> Axes:
    """Draw the treatment's lead, rung below rung.

    Parameters
    ----------
    table : DataFrame
        One row a rung: ``row``, ``name``, ``value``, ``lower``, ``upper``.
    """
    zero_line(ax=ax)
    plot_intervals(table, offset=0, label=LEAD, look=Look("black", "-", "D"), ax=ax)
    name_rows(list(table["name"]), ax=ax)
    return ax


def plot_effects(table: pd.DataFrame, *, ax: Axes) -> Axes:
    """Draw what correcting each switch does to the lead, wherever it is corrected.

    Parameters
    ----------
    table : DataFrame
        One row an effect: ``row``, ``name`` (of the switch), ``where`` (a key of `WHERE`),
        ``value``, ``lower``, ``upper``.
    """
    zero_line(ax=ax)
    for position, (where, (label, look)) in enumerate(WHERE.items()):
        rows = table[table["where"] == where]
        plot_intervals(rows, offset=0.24 * (position - 1), label=label, look=look, ax=ax)
    name_rows(list(table.sort_values("row")["name"].unique()), ax=ax)
    return ax
