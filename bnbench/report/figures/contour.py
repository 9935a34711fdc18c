"""The loss around the trained network over two directions."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from bnbench.config import Experiment, Study
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.names import arm_title
from bnbench.findings.study_runs import ArmRuns
from bnbench.plots import style
from bnbench.plots.probes import plot_scale, plot_surface, surface_levels
from bnbench.report.figures import probed
from bnbench.report.figures.figure import Picture, plain

SURFACES = 3
"""Seeds whose surfaces are drawn."""


@probed.register_probed("contour", "surface")
def draw(study: Study, arms: Sequence[ArmRuns]) -> Picture:
    """Draw the loss around the trained networks, a column for each arm and a row for each seed."""
    seeds = probed.shared_seeds(arms, SURFACES)
    tables = {(arm.label, seed): surface_table(arm.runs[seed]) for arm in arms for seed in seeds}
    levels = surface_levels(list(tables.values()))
    with style.figure(2.7 * len(seeds) + 0.8) as figure:
        grid = figure.subplots(len(seeds), 2, squeeze=False, sharex=True, sharey=True)
        for axes, seed in zip(grid, seeds, strict=True):
            for ax, arm in zip(axes, arms, strict=True):
                plot_surface(tables[arm.label, seed], levels=levels, ax=ax)
                ax.set_title(f"{arm_title(study, arm.label)}, seed {seed}", loc="left", fontsize=9)
                ax.tick_params(labelleft=True, labelbottom=True)  # on a phone each panel is alone
        over, down, across = directions(arms[0].experiment)
        probed.label_panels(grid, plain(down), plain(across))
        plot_scale(figure, levels=levels, location="bottom")
        caption = (
            f"The loss around the trained network, which is in the middle, over {over}. Dark is"
            " low, and all panels have the same levels."
        )
        name = f"{study.name}-contour"
        return Picture(name, "The loss around the network", caption, style.svg(figure))


def directions(experiment: Experiment) -> tuple[str, str, str]:
    """Say what a surface is over, parameters or directions of all of them, and name both."""
    for probe in experiment.probes:
        if probe.kind == "surface" and (named := (probe.model_extra or {}).get("parameters")):
            return "two single parameters", _change(str(named[0])), _change(str(named[1]))
    return "two random directions", "first direction (lengths of the weights)", "second direction"


def _change(parameter: str) -> str:
    """Name what is added to a parameter: ``C1.affine.weight[0,0,2,2]`` is a weight of C1."""
    found = re.fullmatch(r"(\w+)\.affine\.(weight|bias)\[[\d,]+\]", parameter)
    return f"change of one {found[2]} of {found[1]}" if found else f"change of {parameter}"


def surface_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the last look's surface: columns ``x``, ``y``, ``loss``."""
    axis = probed.seen(run, "surface", "axis", 2)[-1]
    losses = probed.seen(run, "surface", "losses", 3)[-1]
    if losses.shape != 2 * axis.shape or not probed.is_axis(axis):
        raise probed.not_as_seen(run, "surface", "losses")
    return probed.losses_over(axis, axis, losses)
