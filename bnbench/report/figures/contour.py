"""The loss around the trained network over two directions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bnbench.config import Experiment
from bnbench.findings.finished_run import FinishedRun
from bnbench.plots import style
from bnbench.plots.probes import plot_scale, plot_surface, surface_levels
from bnbench.report.figures.figure import Picture, Source, plain, register_figure
from bnbench.report.figures.probed import has_probe, is_axis, not_as_seen, probed_pair, seen
from bnbench.report.names import arm_title

SURFACES = 3
"""Seeds whose surfaces are drawn."""


@register_figure(
    "contour",
    of="a contrast of two experiments with the probe surface",
    has=has_probe("surface"),
    probe="surface",
)
def draw(source: Source) -> Iterator[Picture]:
    """Draw the last look's surfaces: a column an arm, a row a seed, all with the same levels."""
    study, arms = source.found.study, probed_pair(source, "surface")
    if not arms:
        return
    seeds = [seed for seed in arms[0].runs if seed in arms[1].runs][:SURFACES]
    tables = {(arm.label, seed): surface_table(arm.runs[seed]) for arm in arms for seed in seeds}
    levels = surface_levels(np.concatenate([table["loss"] for table in tables.values()]).tolist())
    with style.figure(2.4 * len(seeds) + 0.3) as figure:
        grid = figure.subplots(len(seeds), 2, squeeze=False, sharex=True, sharey=True)
        for axes, seed in zip(grid, seeds, strict=True):
            for ax, arm in zip(axes, arms, strict=True):
                plot_surface(tables[arm.label, seed], levels=levels, ax=ax)
                ax.set_title(f"{arm_title(study, arm.label)}, seed {seed}", loc="left", fontsize=9)
                ax.label_outer()
        down, across = directions(arms[0].experiment)
        for ax in grid[-1]:
            ax.set_xlabel(plain(down), fontsize=8)
        for ax in grid[:, 0]:
            ax.set_ylabel(plain(across), fontsize=8)
        plot_scale(figure, levels=levels)
        caption = (
            "The loss around the trained network, in the middle, over two directions or parameters;"
            " dark is low, and the levels are the same everywhere."
        )
        name = f"{study.name}-contour"
        yield Picture(name, "The loss around the network", caption, style.svg(figure))


def directions(experiment: Experiment) -> tuple[str, str]:
    """Name what a surface is over: two parameters, or two directions of all of them."""
    for probe in experiment.probes:
        if probe.kind == "surface" and (named := (probe.model_extra or {}).get("parameters")):
            return str(named[0]), str(named[1])
    return "first direction (lengths of the weights)", "second direction"


def surface_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the last look's surface: columns ``x``, ``y``, ``loss``."""
    axis, losses = seen(run, "surface", "axis", 2)[-1], seen(run, "surface", "losses", 3)[-1]
    if losses.shape != 2 * axis.shape or not is_axis(axis):
        raise not_as_seen(run, "surface", "losses")
    x, y = np.meshgrid(axis, axis)
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": losses.T.ravel()})
