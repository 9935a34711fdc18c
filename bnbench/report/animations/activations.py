"""What each unit's activation function is given, while the network learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bnbench.findings.finished_run import FinishedRun
from bnbench.plots.animation import Scene
from bnbench.plots.probes import plot_units
from bnbench.plots.style import experiment_look, legend
from bnbench.report.animations.scene import ROW, SCENES, limits, run_title, steps, time_title
from bnbench.report.figures.distributions import PERCENTILES, SUFFIX
from bnbench.report.figures.figure import plain
from bnbench.report.figures.probed import evenly, layers_seen, not_as_seen, seen

PROBE = "activations"
MOST_LAYERS = 4


@SCENES.register(PROBE)
def scene(runs: Sequence[FinishedRun]) -> Scene:
    """Each unit's input as a bar from its 15th to its 85th percentile, a panel for each layer."""
    layers = [percentiles_of(run) for run in runs]
    ends = limits(
        runs[0], PROBE, (percentiles for found in layers for percentiles in found.values())
    )
    columns = max(map(len, layers))

    def draw(figure: Figure, look: int) -> None:
        grid = figure.subplots(len(runs), columns, squeeze=False, sharey=True)
        for position, (row, run) in enumerate(zip(grid, runs, strict=True)):
            for ax, (layer, found) in zip(row, layers[position].items(), strict=False):
                plot_units(units_table(found, look), look=experiment_look(position), ax=ax)
                ax.set_title(plain(layer), loc="left", fontsize=9)
            for ax in row[len(layers[position]) :]:
                ax.set_visible(False)
            row[0].set_ylim(*ends)
            row[0].set_ylabel(f"{run_title(run)}\ninput of activation", fontsize=8)
        figure.suptitle(time_title(int(steps(runs[0], PROBE)[look])), fontsize=10)
        legend(figure)

    return Scene(len(steps(runs[0], PROBE)), ROW * len(runs) + 0.3, draw)


def percentiles_of(run: FinishedRun) -> dict[str, NDArray[Any]]:
    """Find what was seen of each layer, (looks, units, 3); of many layers, evenly spaced ones."""
    chosen = evenly(layers_seen(run, SUFFIX), MOST_LAYERS)
    found = {layer: seen(run, PROBE, f"{layer}{SUFFIX}", 3) for layer in chosen}
    for layer, percentiles in found.items():
        if percentiles.shape[2] != len(PERCENTILES):
            raise not_as_seen(run, PROBE, f"{layer}{SUFFIX}")
    return found


def units_table(percentiles: NDArray[Any], look: int) -> pd.DataFrame:
    """Lay out the first look's percentiles and another's: a row a unit and look."""
    first, now = percentiles[0], percentiles[look]
    tables = [
        pd.DataFrame(values, columns=["low", "middle", "high"]).assign(
            unit=range(1, 1 + len(values)), first=first_one
        )
        for values, first_one in ((first, True), (now, False))
    ]
    return pd.concat(tables, ignore_index=True)
