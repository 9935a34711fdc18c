"""The way of the parameters on the surface of the loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from bnbench.findings.finished_run import FinishedRun
from bnbench.plots import style
from bnbench.plots.probes import plot_scale, plot_surface, plot_way, surface_levels
from bnbench.report.figures.figure import Picture, Source, finish, plain, register_figure
from bnbench.report.figures.probed import has_probe, is_axis, not_as_seen, probed_pair, seen
from bnbench.report.names import arm_title

WAYS = 2
"""Seeds whose ways are drawn."""


@register_figure(
    "trajectory",
    of="a contrast of two experiments with the probe trajectory",
    has=has_probe("trajectory"),
    probe="trajectory",
)
def draw(source: Source) -> Iterator[Picture]:
    """Draw each way in its own plane: a column an arm, a row a seed, all with the same levels."""
    study, arms = source.found.study, probed_pair(source, "trajectory")
    if not arms:
        return
    seeds = [seed for seed in arms[0].runs if seed in arms[1].runs][:WAYS]
    surfaces = {(arm.label, seed): plane_table(arm.runs[seed]) for arm in arms for seed in seeds}
    levels = levels_of(list(surfaces.values()))
    with style.figure(2.6 * len(seeds) + 0.3) as figure:
        grid = figure.subplots(len(seeds), 2, squeeze=False)
        for axes, seed in zip(grid, seeds, strict=True):
            for ax, arm in zip(axes, arms, strict=True):
                run = arm.runs[seed]
                plot_surface(surfaces[arm.label, seed], levels=levels, middle=False, ax=ax)
                plot_way(way_table(run), ax=ax)
                title = f"{plain(arm_title(study, arm.label))}, seed {seed}: {share_of(run)}"
                ax.set_title(title, loc="left", fontsize=8)
        for ax in grid[-1]:
            ax.set_xlabel("first direction (parameters' unit)", fontsize=8)
        for ax in grid[:, 0]:
            ax.set_ylabel("second direction", fontsize=8)
        plot_scale(figure, levels=levels)
        caption = (
            "The loss in the plane that holds most of the way from the first step to the last. A"
            " percentage is the share of the squared distances that the plane holds; the rest goes"
            " off into directions that no picture shows."
        )
        yield finish(figure, f"{study.name}-trajectory", "The way over the loss", caption)


def levels_of(surfaces: Sequence[pd.DataFrame]) -> list[float]:
    """Choose the levels that several surfaces share."""
    return surface_levels(np.concatenate([table["loss"] for table in surfaces]).tolist())


def plane_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the last look's plane: columns ``x``, ``y``, ``loss``."""
    axes, losses = seen(run, "trajectory", "axes", 3)[-1], seen(run, "trajectory", "losses", 3)[-1]
    if len(axes) != 2 or losses.shape != 2 * axes.shape[1:] or not is_axis(axes):
        raise not_as_seen(run, "trajectory", "losses")
    x, y = np.meshgrid(*axes)
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": losses.T.ravel()})


def way_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the places of the last look's way: columns ``x``, ``y``."""
    way = seen(run, "trajectory", "way", 3)[-1]
    passed = way[np.isfinite(way).all(axis=1)]
    if passed.shape[1] != 2 or not len(passed):
        raise not_as_seen(run, "trajectory", "way")
    return pd.DataFrame(passed, columns=["x", "y"])


def share_of(run: FinishedRun) -> str:
    """Say how much of the way the plane holds."""
    share = float(seen(run, "trajectory", "plane_share", 1)[-1])
    return f"{100 * share:.0f} % in the plane"
