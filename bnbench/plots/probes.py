"""What probes saw, drawn: a loss surface, the percentiles of a unit, and the loss along a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from bnbench.plots.style import ONE_SEED, Look

LEVELS = 9


def plot_surface(table: pd.DataFrame, *, levels: Sequence[float], ax: Axes) -> None:
    """Draw a loss surface as filled contours, low in dark, with the network in the middle.

    Parameters
    ----------
    table : DataFrame
        One row a point: ``x``, ``y`` and ``loss``, nats, on a whole grid.
    levels : sequence of float
        Of the contours, nats; the same for figures that are to be compared.
    """
    grid = table.pivot_table(index="y", columns="x", values="loss")
    x, y, losses = grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float)
    losses = np.clip(losses, levels[0], levels[-1])
    ax.contourf(x, y, losses, levels=levels, cmap="viridis")
    ax.contour(x, y, losses, levels=levels, colors="white", linewidths=0.4)
    ax.plot([0], [0], marker="o", color="white", markeredgecolor="black", linestyle="none")
    ax.set_aspect("equal")
    ax.grid(visible=False)


def surface_levels(losses: Sequence[float]) -> list[float]:
    """Choose levels for surfaces side by side: evenly in log(loss), from the least to the most."""
    finite = np.asarray(losses, float)
    finite = finite[np.isfinite(finite) & (finite > 0)]
    return [float(one) for one in np.geomspace(finite.min(), finite.max() * 1.001, LEVELS)]


def plot_percentiles(table: pd.DataFrame, *, look: Look, ax: Axes) -> None:
    """Draw the percentiles of a unit's values against the step, a thin line a seed.

    Parameters
    ----------
    table : DataFrame
        One row a seed, step and percentile: ``seed``, ``step``, ``percentile``, ``value``.
    """
    for (_, percentile), rows in table.groupby(["seed", "percentile"]):
        ax.plot(
            rows["step"], rows["value"], color=look.color, linewidth=0.6, alpha=0.5,
            linestyle="-" if percentile == 50 else look.dashes, label=ONE_SEED,
        )  # fmt: skip
    means = table.groupby(["percentile", "step"], as_index=False)["value"].mean()
    for percentile in means["percentile"].unique().tolist():
        mean = means[means["percentile"] == percentile]
        ax.plot(mean["step"], mean["value"], color=look.color, label="mean of the seeds")
        ax.annotate(
            f"{percentile} %", (mean["step"].iloc[-1], mean["value"].iloc[-1]), fontsize=7.5,
            xytext=(3, 0), textcoords="offset points", va="center",
        )  # fmt: skip
    ax.set_xlabel("step")


def plot_envelope(table: pd.DataFrame, *, label: str, look: Look, ax: Axes) -> None:
    """Shade from the least to the largest of what steps along the gradient give.

    Parameters
    ----------
    table : DataFrame
        One row a step: ``step``, ``low`` and ``high``.
    """
    ax.fill_between(
        table["step"].to_numpy(float), table["low"].to_numpy(float), table["high"].to_numpy(float),
        color=look.color, alpha=0.35, linewidth=0, label=label,
    )  # fmt: skip
    for end in ("low", "high"):
        ax.plot(table["step"], table[end], color=look.color, linestyle=look.dashes, linewidth=0.8)
    ax.set_xlabel("step")
