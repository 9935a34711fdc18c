"""The range of the loss along one step of gradient descent."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bnbench.config import Study
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.names import arm_title
from bnbench.findings.study_runs import ArmRuns
from bnbench.plots import style
from bnbench.plots.probes import plot_envelope
from bnbench.report.figures.figure import COLUMN, Picture, finish
from bnbench.report.figures.probed import register_probed, seen


@register_probed("envelope", "landscape")
def draw(study: Study, arms: Sequence[ArmRuns]) -> Picture:
    """Draw the smallest and largest loss along a step at each look, medians over the seeds."""
    with style.figure(3.1, width=COLUMN) as figure:
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
        ax.yaxis.set_major_formatter("{x:g}")
        caption = (
            "Smallest and largest loss along one step of gradient descent, from half to four times"
            " the learning rate: medians over the seeds."
        )
        name = f"{study.name}-envelope"
        return finish(figure, name, "The loss along a step", caption)


def envelope_table(runs: list[FinishedRun]) -> pd.DataFrame:
    """Lay out the medians over runs of each look's least and largest loss."""
    rows = [
        pd.DataFrame({
            "step": run.looks["landscape"]["step"],
            "low": seen(run, "landscape", "losses", 2).min(axis=1),
            "high": seen(run, "landscape", "losses", 2).max(axis=1),
        })
        for run in runs
    ]  # fmt: skip
    return pd.concat(rows).groupby("step", as_index=False).median()
