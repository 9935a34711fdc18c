"""Figures of what a probe saw: of both arms of one contrast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.study_runs import ArmRuns
from bnbench.report.figures.figure import Draw, Picture, Source, register_figure
from bnbench.words import counted

DrawArms = Callable[[Study, Sequence[ArmRuns]], Picture]
"""Of the two arms, the baseline first, of which every run has what the probe saw."""


def register_probed(name: str, probe: str, most: int | None = None) -> Callable[[DrawArms], Draw]:
    """Enter a figure of the first contrast that a probe looked into, with so many seeds at most."""

    def has(study: Study) -> bool:
        with_probe = {
            label
            for label, arm in study.arms.items()
            if probe in {used.kind for used in arm.experiment.probes}
        }
        return any(with_probe.issuperset(contrast.labels) for contrast in study.contrasts)

    def enter(draw_arms: DrawArms) -> Draw:
        @wraps(draw_arms)
        def draw(source: Source) -> Iterator[Picture]:
            if pair := _probed_pair(source, probe):
                arms = [looked_into(arm, probe) for arm in pair]
                picture = draw_arms(source.found.study, arms)
                yield replace(picture, caption=picture.caption + _not_drawn(pair, arms, most))

        of = f"a contrast of two experiments with the probe {probe}"
        return register_figure(name, of, has, probe)(draw)

    return enter


def seen(run: FinishedRun, probe: str, name: str, dimensions: int) -> NDArray[Any]:
    """Look up what a probe saw; its file may have been made by anybody."""
    found = run.looks[probe].get(name)
    if found is None or found.ndim != dimensions or not found.size:
        raise not_as_seen(run, probe, name)
    return found


def layers_seen(run: FinishedRun, suffix: str) -> list[str]:
    """Name the layers of which the probe of activations saw what ends in a suffix."""
    names = [name for name in run.looks["activations"] if name.endswith(suffix)]
    if not names:
        raise not_as_seen(run, "activations", "layers")
    return [name.removesuffix(suffix) for name in names]


def is_axis(values: NDArray[Any]) -> bool:
    """Whether numbers, the last dimension, can be the axis of a grid: they grow, two at least."""
    steps = np.diff(values)
    return bool(steps.size) and bool((np.isfinite(steps) & (steps > 0)).all())


def not_as_seen(run: FinishedRun, probe: str, name: str) -> BnbenchError:
    """Say of a probe's file that it holds something else."""
    return BnbenchError(
        f"{run.run.probe(probe)}: {name}: is not as such a probe writes it; restore it, or train"
        " the run again"
    )


def _probed_pair(source: Source, probe: str) -> Sequence[ArmRuns]:
    if (runs := source.runs) is None:
        return ()
    for contrast in runs.study.contrasts:
        arms = runs.arms[contrast.baseline], runs.arms[contrast.treatment]
        if all(looked_into(arm, probe).runs for arm in arms):
            return arms
    return ()


def looked_into(arm: ArmRuns, probe: str) -> ArmRuns:
    """Leave out the runs without what the probe saw, which a report keeps of some seeds alone."""
    return arm.only([seed for seed, run in arm.runs.items() if probe in run.looks])


def _not_drawn(arms: Sequence[ArmRuns], drawn: Sequence[ArmRuns], most: int | None) -> str:
    all_seeds, seeds = (len({seed for arm in of for seed in arm.runs}) for of in (arms, drawn))
    seeds = min(seeds, most or seeds)
    if seeds == all_seeds:
        return ""
    return f" Shown: {seeds} of {counted(all_seeds, 'seed')}."


def shared_seeds(arms: Sequence[ArmRuns], most: int) -> list[int]:
    """List the first seeds that both arms have."""
    return [seed for seed in arms[0].runs if seed in arms[1].runs][:most]


def evenly(names: Sequence[str], most: int) -> list[str]:
    """Choose so many of some names, the first and the last among them; of fewer, all."""
    chosen = min(len(names), most)
    return [names[place * (len(names) - 1) // max(1, chosen - 1)] for place in range(chosen)]


def losses_over(first: NDArray[Any], second: NDArray[Any], losses: NDArray[Any]) -> pd.DataFrame:
    """Lay out losses over two axes, the first down the rows: columns ``x``, ``y``, ``loss``."""
    x, y = np.meshgrid(first, second)
    return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": losses.T.ravel()})


def label_panels(grid: NDArray[Any], below: str, left: str) -> None:
    """Name the axes of every panel of a grid: on a phone each is alone."""
    for ax in grid.flat:
        ax.set_xlabel(below, fontsize=8)
        ax.set_ylabel(left, fontsize=8)
