"""What min-max and z-score do to a sample: the histograms that the first article opens with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

SCALINGS = {
    "none": ("as drawn", "x"),
    "min_max": ("min-max", "(x − min) / (max − min)"),
    "z_score": ("z-score", "(x − mean) / sd"),
}
"""Title of each histogram, and what its axis shows."""


def normalized(values: NDArray[np.float64]) -> pd.DataFrame:
    """Scale a sample by min-max and by z-score.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Not all equal.

    Returns
    -------
    DataFrame
        Tidy, 3 n rows: ``draw`` (from 1), ``scaling`` (a key of `SCALINGS`) and ``value``. The
        z-score divides by the biased standard deviation, as batch norm does.
    """
    scaled = {
        "none": values,
        "min_max": (values - values.min()) / np.ptp(values),
        "z_score": (values - values.mean()) / values.std(),
    }
    draws = np.arange(1, len(values) + 1)
    frames = [
        pd.DataFrame({"draw": draws, "scaling": name, "value": column})
        for name, column in scaled.items()
    ]
    return pd.concat(frames, ignore_index=True)


def plot_normalization(table: pd.DataFrame, *, scaling: str, ax: Axes) -> None:
    """Draw the histogram of one scaling.

    Parameters
    ----------
    table : DataFrame
        As `normalized` returns it.
    scaling : str
        A key of `SCALINGS`.
    """
    rows = table[table["scaling"] == scaling]
    seaborn.histplot(rows, x="value", ax=ax, color="#0072B2", edgecolor="white")
    title, formula = SCALINGS[scaling]
    mean, sd = rows["value"].mean(), rows["value"].std(ddof=0)
    # Adding 0 turns a rounded -0.0000 into 0.0000.
    numbers = f"mean {round(mean, 4) + 0:.4f}, sd {sd:.4f}".replace("-", "−")
    ax.set(title=f"{title}\n{numbers}", xlabel=formula, ylabel="number of draws")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
