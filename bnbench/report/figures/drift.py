"""How far the distribution of each layer's inputs moves from look to look."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from bnbench.config import Study
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.names import arm_title
from bnbench.findings.study_runs import ArmRuns
from bnbench.plots import style
from bnbench.plots.probes import plot_drift
from bnbench.report.figures.figure import COLUMN, Picture, finish, plain, wrapped
from bnbench.report.figures.probed import evenly, layers_seen, register_probed, seen

COLUMNS, MOST_LAYERS = 4, 8
SUFFIX = ".input_drift"


@register_probed("drift", "activations")
def draw(study: Study, arms: Sequence[ArmRuns]) -> Picture:
    """Draw the drift of each layer's inputs over the steps, a panel for each layer."""
    panels = panels_of(arms[0].first)
    rows = -(-len(panels) // COLUMNS)
    with style.figure(2.2 * rows + 0.3, width=COLUMN) as figure:
        columns = min(COLUMNS, len(panels))
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for ax, (layer, title) in zip(grid.flat, panels.items(), strict=False):
            for position, arm in enumerate(arms):
                table = pd.concat([drift_table(run, layer) for run in arm.runs.values()])
                label, look = plain(arm_title(study, arm.label)), style.experiment_look(position)
                plot_drift(table, label=label, look=look, ax=ax)
            ax.set_title(wrapped(title, 16), loc="left", fontsize=9)
            ax.tick_params(labelleft=True, labelbottom=True)  # on a phone each panel is alone
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:g}")
        for ax in list(grid.flat)[len(panels) :]:
            ax.set_visible(False)
        for ax in grid[-1]:
            ax.set_xlabel("step")
        for ax in grid[:, 0]:
            ax.set_ylabel("drift (sd)")
        every = int(np.diff(arms[0].first.looks["activations"]["step"])[:1].sum())
        caption = (
            f"How far the distribution of a unit's values has moved within {every:,} steps: the"
            " Wasserstein distance W1, in standard deviations of the values before. Means over the"
            " units of each layer's input."
        )
        return finish(figure, f"{study.name}-drift", "Drift of the layers' inputs", caption)


def panels_of(run: FinishedRun) -> dict[str, str]:
    """Name the layers to be drawn, and what each one's output is the input of; at most eight."""
    layers = layers_seen(run, SUFFIX)
    titles = {before: f"input of {after}" for before, after in pairwise(layers)}
    titles[layers[-1]] = "input of the output layer"
    return {layer: titles[layer] for layer in evenly(layers, MOST_LAYERS)}


def drift_table(run: FinishedRun, layer: str) -> pd.DataFrame:
    """Lay out a layer's drift, look by look: ``seed``, ``step`` and ``value``."""
    values = seen(run, "activations", f"{layer}{SUFFIX}", 1)
    table = {"seed": run.seed, "step": run.looks["activations"]["step"], "value": values}
    return pd.DataFrame(table).query("value > 0")
