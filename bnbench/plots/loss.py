"""Loss per batch: single batches of one seed, or the range of all, and averages over them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import FixedLocator, MaxNLocator

from bnbench.plots.log_scale import log_scale
from bnbench.plots.seeds import plot_seeds
from bnbench.plots.style import (
    BATCHES_RANGE,
    FINE,
    ONE_BATCH,
    PUBLISHED_COLORS,
    PUBLISHED_DASHES,
    PUBLISHED_EXTREMES,
    Look,
    experiment_look,
)

TITLES = {
    "train": "training (lines: mean of each twentieth of an epoch)",
    "validation": "validation (lines: mean of each epoch's pass)",
}
BATCHES = {
    "train": "optimizer step (one training batch each)",
    "validation": "validation batch, counted over all epochs",
}

TICKS = np.array([0.01, 0.02, 0.04, 0.09, 0.14, 0.24, 0.34, 0.54, 0.84])  # nats above the floor


MANY = 1000
"""Batches that make an area of a line; it is lighter, since the averages lie on it."""
HIGHEST = 1000.0
"""Nats at which the axis ends: above it a run is about to diverge, by powers of ten a step. An
untrained network has 2.3."""


def plot_loss(table: pd.DataFrame, *, split: str, ax: Axes) -> None:
    """Draw the loss of several experiments on one split, batch by batch.

    The scale is logarithmic, of the distance from the floor where every experiment has it: what
    is left to learn lies in the last few hundredths of a nat.

    Parameters
    ----------
    table : DataFrame
        one row a point: the columns of `bnbench.plots.seeds` and ``experiment``, ``split``,
        ``batch`` (counted over the run; of the training split it is the optimizer step) and
        ``loss`` (nats). ``run`` and ``mean`` average what `TITLES` says. Further kinds are
        ``batch``, a single batch of one seed; ``range``, the ``lower`` and the ``upper`` loss
        of all seeds' batches, drawn where there are no single ones; ``published``, an extreme; and
        ``floor``, the least loss that the experiment can have.
    split : str
        ``train`` or ``validation``.
    """
    rows = table[table["split"] == split]
    for position, experiment in enumerate(table["experiment"].unique()):
        look = experiment_look(position)
        mine = rows[rows["experiment"] == experiment]
        _plot_batches(mine, look, ax)
        curves = mine[mine["kind"].isin(("run", "mean"))]
        plot_seeds(curves, x="batch", y="loss", label=experiment, look=look, ax=ax)
        _plot_extremes(mine, experiment, position, ax)
    floors = rows[rows["kind"] == "floor"]
    for loss in floors["loss"].unique():
        ax.axhline(
            loss, color="black", linestyle=":", linewidth=1.2, zorder=5,
            label=f"least loss possible behind a softmax ({loss:.4f})",
        )  # fmt: skip
    drawn = rows[rows["kind"] != "floor"]
    drawn = pd.concat(
        [drawn["loss"], *(drawn.loc[drawn["kind"] == "range", end] for end in ("lower", "upper"))]
    )
    drawn = drawn[drawn > 0]  # a float32 of a sure and right answer is 0, on no such scale
    low = float(drawn.min())
    high = min(float(drawn.max()), max(HIGHEST, 2 * low))
    if floors["experiment"].nunique() == rows["experiment"].nunique() > 0:
        floor = float(floors["loss"].iloc[0])
        _spread_above(floor, ax)
        if not math.isnan(high):
            ax.set_ylim(floor - 0.002, 1.02 * high)
    else:
        ax.set_ylabel("cross-entropy (nats)")
        if not math.isnan(high):
            log_scale(low, high, ax=ax)
            ax.set_ylabel("cross-entropy (nats),\nlog scale")
    ax.set_xlabel(BATCHES[split])
    ax.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
    ax.set_title(TITLES[split], loc="left")


def _spread_above(floor: float, ax: Axes) -> None:
    """Scale by ``log(loss - floor + 0.01)``, which leaves the floor itself in sight."""
    ax.set_yscale(
        "function",
        functions=(
            lambda loss: np.log(np.maximum(loss - floor + 0.01, 0.005)),
            lambda height: np.exp(height) + floor - 0.01,
        ),
    )
    ax.yaxis.set_major_locator(FixedLocator(np.round(floor + TICKS, 2).tolist()))
    ax.yaxis.set_major_formatter("{x:.2f}")
    ax.set_ylabel("cross-entropy (nats),\nlog scale above the floor")


def _plot_batches(rows: pd.DataFrame, look: Look, ax: Axes) -> None:
    """Draw thousands of points as pixels, in the SVG too: it stays small and quick to open."""
    batches, span = rows[rows["kind"] == "batch"], rows[rows["kind"] == "range"]
    if batches.empty:
        for end in ("lower", "upper"):  # two areas, one upon the other, would hide each other
            ax.plot(
                span["batch"], span[end], color=look.color, linewidth=FINE, zorder=1,
                label=BATCHES_RANGE,
            )  # fmt: skip
        return
    share, width = (0.5, 0.6) if len(batches) < MANY else (0.35, 0.4)
    ax.plot(
        batches["batch"], batches["loss"], color=_light(look.color, share), linewidth=width,
        zorder=1, rasterized=True, label=ONE_BATCH,
    )  # fmt: skip


def _plot_extremes(rows: pd.DataFrame, experiment: str, position: int, ax: Axes) -> None:
    color = PUBLISHED_COLORS[(position + 1) % len(PUBLISHED_COLORS)]
    for loss in rows.loc[rows["kind"] == "published", "loss"]:
        ax.axhline(
            loss, color=color, linestyle=PUBLISHED_DASHES, linewidth=1.2, zorder=3.5,
            label=f"{experiment}, {PUBLISHED_EXTREMES}",
        )  # fmt: skip


def _light(color: str, share: float) -> tuple[float, ...]:
    """Mix a colour with white: what lies under a see-through line would change its colour."""
    return tuple(share * part + 1 - share for part in to_rgb(color))
