"""What probes saw, drawn: surfaces of the loss, distributions, and courses over the steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from bnbench.plots.style import BEFORE, FINE, NOW, ONE_SEED, SEEDS_MEAN, Look

LEVELS = 9
WAY, START, HERE = "path of the parameters", "first place", "place reached"


def plot_surface(
    table: pd.DataFrame, *, levels: Sequence[float], ax: Axes, middle: bool = True
) -> None:
    """Draw a loss surface as filled contours, low in dark.

    Parameters
    ----------
    table : DataFrame
        One row a point: ``x``, ``y`` and ``loss``, nats, on a whole grid.
    levels : sequence of float
        Of the contours, nats; the same for figures that are to be compared.
    middle : bool
        Whether to mark the network, at (0, 0).
    """
    grid = table.pivot_table(index="y", columns="x", values="loss")
    x, y, losses = grid.columns.to_numpy(float), grid.index.to_numpy(float), grid.to_numpy(float)
    losses = np.clip(losses, levels[0], levels[-1])
    ax.contourf(x, y, losses, levels=levels, cmap="viridis", norm=_colors(levels))
    ax.contour(x, y, losses, levels=levels, colors="white", linewidths=0.4)
    if middle:
        ax.plot([0], [0], marker="o", color="white", markeredgecolor="black", linestyle="none")
    ax.set_aspect("equal")
    ax.grid(visible=False)


def plot_scale(figure: Figure, *, levels: Sequence[float], location: str = "right") -> None:
    """Say beside or below all axes of a figure which colour of a surface is which loss."""
    colors = ScalarMappable(_colors(levels), "viridis")
    bar = figure.colorbar(
        colors, ax=figure.axes, format="{x:.2g}", shrink=0.8, location=location, aspect=30
    )
    bar.set_label("loss (nats)", fontsize=8)
    bar.ax.tick_params(labelsize=8)


def _colors(levels: Sequence[float]) -> BoundaryNorm:
    return BoundaryNorm(list(levels), 256)


def surface_levels(tables: Sequence[pd.DataFrame]) -> list[float]:
    """Choose levels for surfaces side by side: evenly in log(loss), from the least to the most."""
    losses = np.concatenate([table["loss"] for table in tables]).astype(float)
    finite = losses[np.isfinite(losses) & (losses > 0)]
    if not finite.size:
        finite = np.ones(1)
    return [float(level) for level in np.geomspace(finite.min(), finite.max() * 1.001, LEVELS)]


def plot_percentiles(table: pd.DataFrame, *, look: Look, ax: Axes) -> None:
    """Draw the percentiles of a unit's values against the step, a thin line a seed.

    Parameters
    ----------
    table : DataFrame
        One row a seed, step and percentile: ``seed``, ``step``, ``percentile``, ``value``.
    """
    for (_, percentile), rows in table.groupby(["seed", "percentile"]):
        ax.plot(
            rows["step"], rows["value"], color=look.color, linewidth=FINE,
            linestyle="-" if percentile == 50 else look.dashes, label=ONE_SEED,
        )  # fmt: skip
    means = table.groupby(["percentile", "step"], as_index=False)["value"].mean()
    for percentile in means["percentile"].unique().tolist():
        mean = means[means["percentile"] == percentile]
        ax.plot(mean["step"], mean["value"], color=look.color, label=SEEDS_MEAN)
    ax.set_xlabel("step")


def name_percentiles(table: pd.DataFrame, *, ax: Axes) -> None:
    """Write at the end of each mean which percentile it is; of those that meet, in one label.

    Parameters
    ----------
    table : DataFrame
        As for `plot_percentiles`. The axes must have their final limits.
    """
    low, high = ax.get_ylim()
    last = table[table["step"] == table["step"].max()]
    groups: list[list[tuple[float, int]]] = []
    for percentile, value in last.groupby("percentile")["value"].mean().items():
        if groups and abs(value - groups[-1][-1][0]) < (high - low) / 15:  # a letter's height
            groups[-1].append((value, int(str(percentile))))
        else:
            groups.append([(value, int(str(percentile)))])
    for group in groups:
        ax.annotate(
            f"{', '.join(str(percentile) for _, percentile in group)} %",
            (last["step"].iloc[0], sum(value for value, _ in group) / len(group)), fontsize=7.5,
            xytext=(3, 0), textcoords="offset points", va="center",
        )  # fmt: skip


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


def plot_way(table: pd.DataFrame, *, ax: Axes) -> None:
    """Draw the way of the parameters over a surface: black on white, to be seen on any colour.

    Parameters
    ----------
    table : DataFrame
        One row a place: ``x`` and ``y``, in the order in which they were passed.
    """
    x, y = table["x"].to_numpy(float), table["y"].to_numpy(float)
    ax.plot(x, y, color="white", linewidth=3)
    ax.plot(x, y, color="black", linewidth=1.2, marker=".", markersize=4, label=WAY)
    ends: tuple[tuple[str, str, int], ...] = ((START, "white", 0), (HERE, "black", -1))
    for label, color, place in ends:
        ax.plot(
            x[[place]], y[[place]], color=color, marker="o", markersize=7, linestyle="none",
            markeredgecolor="black" if color == "white" else "white", label=label,
        )  # fmt: skip


def plot_units(table: pd.DataFrame, *, look: Look, ax: Axes) -> None:
    """Draw what units are given: a bar from a low to a high percentile, and the median on it.

    Parameters
    ----------
    table : DataFrame
        One row a unit and look: ``unit``, ``low``, ``middle``, ``high``, and ``first``, whether the
        look is the one before training, which is drawn in grey behind the other.
    """
    for first in (True, False):
        rows = table[table["first"] == first]
        color, width = ("0.55", 5.0) if first else (look.color, 2.2)
        ax.vlines(
            rows["unit"], rows["low"], rows["high"], color=color, linewidth=width,
            label=BEFORE if first else NOW,
        )  # fmt: skip
        ax.plot(rows["unit"], rows["middle"], color=color if first else "black", marker="_",
                markersize=6, linestyle="none")  # fmt: skip
    ax.set_xlabel("unit", fontsize=8)


def plot_course(table: pd.DataFrame, *, label: str, look: Look, ax: Axes) -> None:
    """Draw a number over the steps, with a marker where it is now.

    Parameters
    ----------
    table : DataFrame
        One row a look: ``step`` and ``value``.
    """
    ax.plot(
        table["step"], table["value"], color=look.color, linestyle=look.dashes, linewidth=1.2,
        marker=look.marker, markevery=[len(table) - 1], clip_on=False, label=label,
    )  # fmt: skip
    ax.set_xlabel("step")


def plot_drift(table: pd.DataFrame, *, label: str, look: Look, ax: Axes) -> None:
    """Draw a layer's drift over the steps: a thin line a seed, and the mean of the seeds.

    Parameters
    ----------
    table : DataFrame
        One row a seed and step: ``seed``, ``step``, ``value``.
    """
    for _, rows in table.groupby("seed"):
        ax.plot(rows["step"], rows["value"], color=look.color, linewidth=FINE, label=ONE_SEED)
    means = table.groupby("step", as_index=False)["value"].mean()
    ax.plot(means["step"], means["value"], color=look.color, linestyle=look.dashes, label=label)
