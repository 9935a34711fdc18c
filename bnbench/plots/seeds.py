"""One curve over several seeds: thin lines, their mean, its band, and what was published.

The table has one row a point. Column ``kind`` says of what: ``run`` (one seed; ``seed`` and
``status`` say which, and whether it had diverged by then), ``mean`` (over the ``n`` runs that have
this point, with the band's ends in ``lower`` and ``upper``) or ``published``. Nothing is computed
here.

Matplotlib draws the marks: for those of ten seeds `seaborn.lineplot` takes 19 ms in place of 3, and
`seaborn.stripplot` 38 in place of 1, after 0.6 s in which it is imported.
"""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from bnbench.plots.style import (
    ARTICLES_RUN,
    BAND,
    BAR,
    DIVERGED,
    FINE,
    ONE_SEED,
    PUBLISHED_COLORS,
    PUBLISHED_DASHES,
    SEED_DOTS,
    Look,
)


def plot_seeds(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    label: str,
    look: Look,
    ax: Axes,
    published_color: str = PUBLISHED_COLORS[0],
    bounds: tuple[float, float] = (-math.inf, math.inf),
    offset: float = 0,
) -> None:
    """Draw one curve over its seeds; where it is a single point, dots and a bar.

    Parameters
    ----------
    table : DataFrame
        The rows of this curve alone.
    x, y : str
        Columns.
    label : str
        What the curve is; the legend adds over how many seeds.
    published_color : str
        Black or a grey.
    bounds : tuple of float
        Least and largest value that there can be: a band ends there, though its t interval,
        which knows of no bounds, may not.
    offset : float
        How far right of its place a single point is drawn, for others are at the same place.
    """
    is_published = table["kind"] == "published"
    published, measured = table[is_published], table[~is_published]
    alone = measured[x].min() == measured[x].max()
    if alone:
        measured = measured.assign(**{x: measured[x] + offset})
    mean = measured[measured["kind"] == "mean"]
    runs = measured[measured["kind"] == "run"]
    if mean["n"].gt(1).any():
        _plot_runs(runs, x, y, look, ax, SEED_DOTS if alone else ONE_SEED)
        if not alone:  # paper around the mean keeps the seeds' lines away from it
            ax.plot(mean[x], mean[y], color="white", linewidth=3.2, zorder=2.9)
    if not mean.empty:
        ax.plot(
            mean[x], mean[y], color=look.color, linestyle=look.dashes, marker=look.marker,
            markevery=max(1, len(mean) // 12), label=f"{label}, {_over(mean['n'])}", zorder=3,
        )  # fmt: skip
    _plot_interval(mean, x, bounds, look, ax, BAR if alone else BAND)
    _plot_divergence(runs[runs["status"] == "diverged"], x, y, look, ax)
    _plot_published(published, x, y, f"{label}: {ARTICLES_RUN}", look, published_color, ax)


def _plot_runs(runs: pd.DataFrame, x: str, y: str, look: Look, ax: Axes, label: str) -> None:
    marker = "." if label == SEED_DOTS else ""
    for _, run in runs.groupby("seed"):
        ax.plot(run[x], run[y], color=look.color, linewidth=FINE, marker=marker, markersize=5,
                zorder=2, label=label)  # fmt: skip


def _plot_interval(
    mean: pd.DataFrame, x: str, bounds: tuple[float, float], look: Look, ax: Axes, label: str
) -> None:
    # The t interval of two runs is 13 standard errors wide to each side, and one of a few runs of
    # which one has failed is as wide as all that is possible: such bands would hide the curves, and
    # break there.
    widest = (bounds[1] - bounds[0]) / 2
    shown = (mean["n"] > 2) & (mean["upper"] - mean["lower"] <= widest)
    if not shown.any():
        return
    lower, upper = (
        mean[end].where(shown).clip(*bounds).to_numpy(float) for end in ("lower", "upper")
    )
    if label == BAR:
        ends = [*mean[x], *mean[x]], [*lower, *upper]
        ax.plot(*ends, color=look.color, linewidth=1, marker="_", label=label)
    else:
        ax.fill_between(  # upon the seeds and their paper, which would hide it
            mean[x].to_numpy(float), lower, upper, color=look.color, alpha=0.22, linewidth=0,
            zorder=2.95, label=label,
        )  # fmt: skip


def _plot_divergence(runs: pd.DataFrame, x: str, y: str, look: Look, ax: Axes) -> None:
    first = runs.groupby("seed").head(1)
    if not first.empty:
        ax.plot(
            first[x], first[y], color=look.color, linestyle="none", marker="x", markersize=7,
            markeredgewidth=1.6, zorder=4, label=DIVERGED,
        )  # fmt: skip


def _plot_published(
    rows: pd.DataFrame, x: str, y: str, label: str, look: Look, color: str, ax: Axes
) -> None:
    if not rows.empty:
        ax.plot(
            rows[x], rows[y], color=color, linestyle=PUBLISHED_DASHES, linewidth=1.2,
            marker=look.marker, markersize=4.5, markerfacecolor="white", zorder=3.5,
            label=label,
        )  # fmt: skip


def _over(n: pd.Series[int]) -> str:
    fewest, most = int(n.min()), int(n.max())
    if most == 1:
        return "one seed"
    return f"mean of {most} seeds" if fewest == most else f"mean of {fewest} to {most} seeds"


def beside(position: int, count: int) -> float:
    """Place the points of several curves side by side: that of this one, right of the middle."""
    return 0.1 * (position - (count - 1) / 2)


def epoch_axis(ax: Axes) -> None:
    """Label the horizontal axis as epochs, with whole numbers; it is one epoch long at least."""
    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    first, last = ax.get_xlim()
    if last - first < 1:
        middle = round((first + last) / 2)
        ax.set_xlim(middle - 0.5, middle + 0.5)
