"""Accuracy per epoch: both splits of one experiment, or one split of several experiments."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.seeds import beside, epoch_axis, plot_seeds
from bnbench.plots.style import PUBLISHED_COLORS, SPLITS, experiment_look

SHARE = (0.0, 1.0)
LITTLE = 0.5
"""Where all accuracies are below it, the axis has its whole length."""
SPLIT_NAMES = {"train": "training", "validation": "validation"}


def plot_splits(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw training and validation accuracy of one experiment, as the first article does.

    Parameters
    ----------
    table : DataFrame
        one row a point: the columns of `bnbench.plots.seeds`, and ``split``, ``epoch``,
        ``accuracy`` (in [0, 1]) and ``images`` (how many the accuracy is a share of).
    """
    for position, (split, look) in enumerate(SPLITS.items()):
        rows = table[table["split"] == split]
        plot_seeds(
            rows, x="epoch", y="accuracy", label=_images(rows, split).removeprefix("the "),
            look=look, ax=ax, published_color=PUBLISHED_COLORS[(position + 1) % 2],
            bounds=SHARE, offset=beside(position, len(SPLITS)),
        )  # fmt: skip
    _accuracy_axes(ax, "images")


def plot_experiments(table: pd.DataFrame, *, split: str, ax: Axes) -> None:
    """Draw the accuracy of several experiments on one split.

    Parameters
    ----------
    table : DataFrame
        As for `plot_splits`, and ``experiment``; they keep their order, the baseline first.
    split : str
        ``train`` or ``validation``.
    """
    rows = table[table["split"] == split]
    experiments = table["experiment"].unique()
    for position, experiment in enumerate(experiments):
        plot_seeds(
            rows[rows["experiment"] == experiment], x="epoch", y="accuracy", label=experiment,
            look=experiment_look(position), ax=ax,
            published_color=PUBLISHED_COLORS[(position + 1) % 2], bounds=SHARE,
            offset=beside(position, len(experiments)),
        )  # fmt: skip
    _accuracy_axes(ax, _images(rows, split))


def _accuracy_axes(ax: Axes, images: str) -> None:
    """Label the axes: epochs, and shares of some images in percent."""
    epoch_axis(ax)
    ax.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.6g}")
    ax.set_ylabel(f"accuracy (% of {images})")
    if ax.dataLim.y1 < LITTLE:  # else a network that learns nothing seems to go up and down
        ax.set_ylim(SHARE)


def _images(rows: pd.DataFrame, split: str) -> str:
    """Name the images of a split, with their number where it is one number."""
    numbers = rows["images"].dropna().unique()
    count = f"{int(numbers[0]):,}" if len(numbers) == 1 else "the"
    return f"{count} {SPLIT_NAMES[split]} images"
