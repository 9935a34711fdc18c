"""Whether the parameters go straight on: the angles of their moves, and the length of the way."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from bnbench.findings.finished_run import FinishedRun
from bnbench.metrics import QUANTITIES
from bnbench.plots.animation import Scene
from bnbench.plots.probes import plot_course
from bnbench.plots.style import experiment_look, legend
from bnbench.report.animations.scene import SCENES, limits, run_title, steps, time_title
from bnbench.report.figures.figure import wrapped
from bnbench.report.figures.probed import seen

PROBE = "path"
QUANTITY = ("update_cosine", "gradient_cosine", "path_ratio")


@SCENES.register(PROBE)
def scene(runs: Sequence[FinishedRun]) -> Scene:
    """The angles between the updates and the length of the path, as curves that grow."""
    ends = {
        name: limits(runs[0], PROBE, (seen(run, PROBE, name, 1) for run in runs))
        for name in QUANTITY
    }

    def draw(figure: Figure, look: int) -> None:
        axes = figure.subplots(1, len(QUANTITY))
        for ax, name in zip(axes, QUANTITY, strict=True):
            for position, run in enumerate(runs):
                table = course_table(run, name, look)
                plot_course(table, label=run_title(run), look=experiment_look(position), ax=ax)
            ax.set_xlim(0, int(steps(runs[0], PROBE)[-1]) or 1)
            ax.set_ylim(*ends[name])
            ax.set_title(wrapped(QUANTITIES[name].title, 22), loc="left", fontsize=8)
        figure.suptitle(time_title(int(steps(runs[0], PROBE)[look])), fontsize=10)
        legend(figure)

    return Scene(len(steps(runs[0], PROBE)), 2.6, draw)


def course_table(run: FinishedRun, name: str, look: int) -> pd.DataFrame:
    """Lay out a quantity up to a look: ``step`` and ``value``."""
    values = seen(run, PROBE, name, 1)
    return pd.DataFrame({"step": steps(run, PROBE), "value": values})[: look + 1]
