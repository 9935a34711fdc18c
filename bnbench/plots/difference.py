"""The accuracy difference per epoch, treatment minus baseline, paired by seed."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.seeds import beside, epoch_axis, plot_seeds
from bnbench.plots.style import PUBLISHED_COLORS, experiment_look


def plot_difference(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw the difference in validation accuracy of each treatment.

    Parameters
    ----------
    table : DataFrame
        one row a point: the columns of `bnbench.plots.seeds`, and ``experiment`` (the
        treatment), ``baseline``, ``epoch`` and ``difference`` (percentage points).
    """
    ax.axhline(0, color="0.2", linewidth=0.9, zorder=1)
    for position, (experiment, rows) in enumerate(table.groupby("experiment", sort=False)):
        plot_seeds(
            rows, x="epoch", y="difference", label=f"{experiment} − {rows['baseline'].iloc[0]}",
            look=experiment_look(position + 1), ax=ax,
            published_color=PUBLISHED_COLORS[position % 2],
            offset=beside(position, table["experiment"].nunique()),
        )  # fmt: skip
    epoch_axis(ax)
    ax.set_ylabel("difference in validation accuracy (pp)")
