"""The way of the parameters over the loss, place by place."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from bnbench.findings.finished_run import FinishedRun
from bnbench.plots.animation import Scene
from bnbench.plots.probes import plot_scale, plot_surface, plot_way, surface_levels
from bnbench.plots.style import legend
from bnbench.report.animations.scene import SCENES, run_title, steps
from bnbench.report.figures.trajectory import plane_table, share_of, way_table


@SCENES.register("trajectory")
def scene(runs: Sequence[FinishedRun]) -> Scene:
    """The path over the loss, in the plane of the last look: a panel for each run."""
    surfaces, ways = [plane_table(run) for run in runs], [way_table(run) for run in runs]
    levels = surface_levels(surfaces)
    places = min(map(len, ways))
    last = int(steps(runs[0], "trajectory")[-1])

    def draw(figure: Figure, place: int) -> None:
        axes = figure.subplots(1, len(runs), squeeze=False)[0]
        for ax, run, surface, way in zip(axes, runs, surfaces, ways, strict=True):
            plot_surface(surface, levels=levels, middle=False, ax=ax)
            plot_way(way[: place + 1], ax=ax)
            ax.set_title(f"{run_title(run)}: {share_of(run)}", loc="left", fontsize=8)
            ax.set_xlabel("first direction", fontsize=8)
        axes[0].set_ylabel("second direction", fontsize=8)
        plot_scale(figure, levels=levels)
        figure.suptitle(
            f"place {place + 1} of {places}; the last is after {last:,} steps", fontsize=10
        )
        legend(figure)

    return Scene(places, 3.2, draw)
