"""The input of one unit's activation function, in the last hidden layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnbench.config import Study
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.names import arm_title
from bnbench.findings.study_runs import ArmRuns
from bnbench.plots import style
from bnbench.plots.probes import name_percentiles, plot_percentiles
from bnbench.report.figures.figure import COLUMN, Picture, finish
from bnbench.report.figures.probed import layers_seen, not_as_seen, register_probed, seen

PERCENTILES = (15, 50, 85)
SUFFIX = ".pre.percentiles"


@register_probed("distributions", "activations")
def draw(study: Study, arms: Sequence[ArmRuns]) -> Picture:
    """Draw the percentiles of one unit's input over the steps, a panel for each arm."""
    layer = layers_seen(arms[0].first, SUFFIX)[-1]
    with style.figure(3.1, width=COLUMN) as figure:
        axes = figure.subplots(1, 2, sharey=True)
        runs = [[trace_table(run, layer) for run in arm.runs.values()] for arm in arms]
        tables = [pd.concat(traces) for traces in runs]
        for position, (ax, arm, table) in enumerate(zip(axes, arms, tables, strict=True)):
            plot_percentiles(table, look=style.experiment_look(position), ax=ax)
            ax.set_title(arm_title(study, arm.label), loc="left")
            ax.tick_params(labelleft=True)  # on a phone each panel is alone
        for ax, table in zip(axes, tables, strict=True):
            name_percentiles(table, ax=ax)
        axes[0].set_ylabel(f"input of a unit of {layer}")
        caption = (
            f"What the activation function of the first unit of {layer} is given: the 15th, 50th"
            " and 85th percentile over the training images that the probe uses."
        )
        name = f"{study.name}-distributions"
        return finish(figure, name, "What a unit is given", caption)


def trace_table(run: FinishedRun, layer: str) -> pd.DataFrame:
    """Lay out the percentiles of a layer's first unit, look by look."""
    name = f"{layer}{SUFFIX}"
    values = seen(run, "activations", name, 3)[:, 0]  # (looks, 3)
    if values.shape[1] != len(PERCENTILES):
        raise not_as_seen(run, "activations", name)
    return pd.DataFrame(
        {
            "seed": run.seed,
            "step": np.repeat(run.looks["activations"]["step"], len(PERCENTILES)),
            "percentile": np.tile(PERCENTILES, len(values)),
            "value": values.ravel(),
        }
    )
