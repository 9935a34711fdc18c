"""The way of the parameters on the surface of the loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnbench.config import Study
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.names import arm_title
from bnbench.findings.study_runs import ArmRuns
from bnbench.plots import style
from bnbench.plots.probes import plot_scale, plot_surface, plot_way, surface_levels
from bnbench.report.figures import probed
from bnbench.report.figures.figure import Picture, finish, plain

WAYS = 2
"""Seeds whose ways are drawn."""


@probed.register_probed("trajectory", "trajectory", WAYS)
def draw(study: Study, arms: Sequence[ArmRuns]) -> Picture:
    """Draw the parameters' path over the loss, a column for each arm and a row for each seed."""
    seeds = probed.shared_seeds(arms, WAYS)
    surfaces = {(arm.label, seed): plane_table(arm.runs[seed]) for arm in arms for seed in seeds}
    levels = surface_levels(list(surfaces.values()))
    with style.figure(2.9 * len(seeds) + 0.8) as figure:
        grid = figure.subplots(len(seeds), 2, squeeze=False)
        for axes, seed in zip(grid, seeds, strict=True):
            for ax, arm in zip(axes, arms, strict=True):
                run = arm.runs[seed]
                plot_surface(surfaces[arm.label, seed], levels=levels, middle=False, ax=ax)
                plot_way(way_table(run), ax=ax)
                title = f"{plain(arm_title(study, arm.label))}, seed {seed}: {share_of(run)}"
                ax.set_title(title, loc="left", fontsize=8)
        across, up = "first direction (parameters' unit)", "second direction"
        probed.label_panels(grid, across, up)
        plot_scale(figure, levels=levels, location="bottom")
        caption = (
            "The loss in the plane that contains most of the path from the first step to the last."
            " The percentage says how much of the squared distances lies in this plane. The rest"
            " lies in directions that no picture shows."
        )
        return finish(figure, f"{study.name}-trajectory", "The path over the loss", caption)


def plane_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the last look's plane: columns ``x``, ``y``, ``loss``."""
    axes = probed.seen(run, "trajectory", "axes", 3)[-1]
    losses = probed.seen(run, "trajectory", "losses", 3)[-1]
    if len(axes) != 2 or losses.shape != 2 * axes.shape[1:] or not probed.is_axis(axes):
        raise probed.not_as_seen(run, "trajectory", "losses")
    return probed.losses_over(axes[0], axes[1], losses)


def way_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the places of the last look's way: columns ``x``, ``y``."""
    way = probed.seen(run, "trajectory", "way", 3)[-1]
    passed = way[np.isfinite(way).all(axis=1)]
    if passed.shape[1] != 2 or not len(passed):
        raise probed.not_as_seen(run, "trajectory", "way")
    return pd.DataFrame(passed, columns=["x", "y"])


def share_of(run: FinishedRun) -> str:
    """Say how much of the way the plane holds."""
    share = float(probed.seen(run, "trajectory", "plane_share", 1)[-1])
    return f"{100 * share:.0f} % in the plane"
