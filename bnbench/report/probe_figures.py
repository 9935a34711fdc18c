"""The figures of what probes saw: both arms of a contrast side by side, over several seeds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from bnbench.config import Study
from bnbench.config.planned import PlannedContrast
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.plots import style
from bnbench.plots.probes import (
    plot_envelope,
    plot_percentiles,
    plot_surface,
    surface_levels,
)
from bnbench.report.names import arm_title
from bnbench.report.study_figures import TITLES, Picture

SURFACES = 3
"""Seeds whose surfaces are drawn."""
PERCENTILES = (15, 50, 85)


def probe_pictures(runs: StudyRuns) -> tuple[Picture, ...]:
    """Draw what the probes of a study saw, of the first contrast whose two arms have them."""
    pictures: list[Picture] = []
    for draw, probe in ((_contours, "surface"), (_traces, "activations"), (_envelope, "landscape")):
        pair = next(_pairs(runs, probe), None)
        if pair is not None:
            pictures.append(draw(runs.study, *pair))
    return tuple(pictures)


def _pairs(runs: StudyRuns, probe: str) -> Iterator[tuple[ArmRuns, ArmRuns]]:
    """Find contrasts, baseline first, of whose arms every run has what a probe saw."""
    for contrast in runs.study.contrasts:
        arms = _arms(runs, contrast)
        if all(arm.runs and all(probe in one.looks for one in arm.runs.values()) for arm in arms):
            yield arms


def _arms(runs: StudyRuns, contrast: PlannedContrast) -> tuple[ArmRuns, ArmRuns]:
    return runs.arms[contrast.baseline], runs.arms[contrast.treatment]


def _contours(study: Study, *arms: ArmRuns) -> Picture:
    """Draw the last look's surfaces: a column an arm, a row a seed, all with the same levels."""
    seeds = [seed for seed in arms[0].runs if seed in arms[1].runs][:SURFACES]
    tables = {(arm.label, seed): surface_table(arm.runs[seed]) for arm in arms for seed in seeds}
    levels = surface_levels(np.concatenate([one["loss"] for one in tables.values()]).tolist())
    with style.figure(2.4 * len(seeds) + 0.3) as figure:
        grid = figure.subplots(len(seeds), 2, squeeze=False, sharex=True, sharey=True)
        for axes, seed in zip(grid, seeds, strict=True):
            for ax, arm in zip(axes, arms, strict=True):
                plot_surface(tables[arm.label, seed], levels=levels, ax=ax)
                ax.set_title(f"{arm_title(study, arm.label)}, seed {seed}", loc="left", fontsize=9)
                ax.label_outer()
        caption = (
            "The loss around the trained network over two directions; dark is low, and the levels"
            " are the same everywhere."
        )
        name = f"{study.name}-contour"
        return Picture(name, TITLES["contour"], caption, style.svg(figure), "contour")


def _traces(study: Study, *arms: ArmRuns) -> Picture:
    """Draw what one unit of the last hidden layer's activation function is given."""
    layer = last_layer(arms[0])
    with style.figure(2.9) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        for position, (ax, arm) in enumerate(zip(axes, arms, strict=True)):
            table = pd.concat([trace_table(run, layer) for run in arm.runs.values()])
            plot_percentiles(table, look=style.experiment_look(position), ax=ax)
            ax.set_title(arm_title(study, arm.label), loc="left")
        axes[0].set_ylabel(f"input of a unit of {layer}")
        style.legend(figure)
        caption = (
            f"The 15th, 50th and 85th percentile of what the first unit of {layer} gives its"
            " activation function, over the training images that the probe looks at."
        )
        name = f"{study.name}-distributions"
        return Picture(name, TITLES["distributions"], caption, style.svg(figure), "distributions")


def _envelope(study: Study, *arms: ArmRuns) -> Picture:
    """Draw the range of the loss along one step of gradient descent."""
    with style.figure(2.9) as figure:
        ax = figure.subplots()
        for position, arm in enumerate(arms):
            plot_envelope(
                envelope_table(list(arm.runs.values())),
                label=arm_title(study, arm.label),
                look=style.experiment_look(position),
                ax=ax,
            )
        ax.set_ylabel("loss along a step (nats)")
        ax.set_yscale("log")
        style.legend(figure)
        caption = (
            "Least and largest loss along one step of gradient descent, from half to four times"
            " the learning rate; medians over the seeds."
        )
        name = f"{study.name}-envelope"
        return Picture(name, TITLES["envelope"], caption, style.svg(figure), "envelope")


def surface_table(run: FinishedRun) -> pd.DataFrame:
    """Lay out the last look's surface: columns ``x``, ``y``, ``loss``."""
    looks = run.looks["surface"]
    axis, losses = looks["axis"][-1], looks["losses"][-1]
    x, y = np.meshgrid(axis, axis)
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": losses.T.ravel()})


def last_layer(arm: ArmRuns) -> str:
    """Name the last hidden layer that was looked at."""
    names = [name.partition(".")[0] for name in arm.first.looks["activations"] if "." in name]
    return names[-1]


def trace_table(run: FinishedRun, layer: str) -> pd.DataFrame:
    """Lay out the percentiles of a layer's first unit, look by look."""
    looks = run.looks["activations"]
    seen = looks[f"{layer}.pre.percentiles"][:, 0]  # (looks, 3)
    return pd.DataFrame(
        {
            "seed": run.seed,
            "step": np.repeat(looks["step"], len(PERCENTILES)),
            "percentile": np.tile(PERCENTILES, len(seen)),
            "value": seen.ravel(),
        }
    )


def envelope_table(runs: list[FinishedRun]) -> pd.DataFrame:
    """Lay out the medians over runs of each look's least and largest loss."""
    rows = [
        pd.DataFrame({
            "step": run.looks["landscape"]["step"],
            "low": run.looks["landscape"]["losses"].min(axis=1),
            "high": run.looks["landscape"]["losses"].max(axis=1),
        })
        for run in runs
    ]  # fmt: skip
    return pd.concat(rows).groupby("step", as_index=False).median()
