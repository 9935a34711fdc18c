"""What of a run is animated: by the kind of its probe, the pictures of its looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError, each
from bnbench.findings.finished_run import FinishedRun, read_finished_run, why_unfinished
from bnbench.plots.animation import Scene
from bnbench.registry import Registry
from bnbench.report.figures.figure import plain
from bnbench.runs import Run

MOST_RUNS = 3
ROW = 2.1
"""Inches that each run's row of panels is high."""
Stage = Callable[[Sequence[FinishedRun]], Scene]

SCENES = Registry[Stage]("animation of the probe")
"""Kind of a probe -> what draws the looks of such probes of several runs, below each other."""


def scene_of(runs: Sequence[Run], probe: str) -> Scene:
    """Read what a probe saw of some runs, and lay out its pictures.

    Refused are a kind of probe of which nothing is drawn, runs without it or not at an end, more
    runs than have room, and runs that were looked at after other steps.
    """
    stage = SCENES.find(probe)
    if len(runs) > MOST_RUNS:
        raise BnbenchError(f"{len(runs)} runs are too many for one picture; name {MOST_RUNS}")
    read = each(lambda run: _read(run, probe), runs)
    for run in read[1:]:
        if not np.array_equal(steps(run, probe), steps(read[0], probe)):
            raise BnbenchError(
                f"{run.run.path}: was looked at after other steps than {read[0].run.path};"
                " animate each by itself"
            )
    return stage(read)


def _read(run: Run, probe: str) -> FinishedRun:
    manifest = run.read_manifest()
    if not manifest.finished:
        raise BnbenchError(f"{run.path}: {why_unfinished(manifest)}")
    found = read_finished_run(run, manifest)
    if probe not in found.looks:
        kept = ", ".join(sorted(found.looks.keys() & SCENES.keys()))
        remedy = f"choose {kept}" if kept else f"give its config `probes: [{{kind: {probe}}}]`"
        raise BnbenchError(f"{run.path}: the probe {probe} did not look at this run; {remedy}")
    return found


def steps(run: FinishedRun, probe: str) -> NDArray[np.int64]:
    """The step of each look."""
    return run.looks[probe]["step"]


def run_title(run: FinishedRun) -> str:
    """Name a run for people."""
    return plain(f"{run.experiment.experiment}, seed {run.seed}")


def time_title(step: int) -> str:
    """Say when a look was."""
    return f"after {step:,} steps" if step else "before the first step"


def limits(run: FinishedRun, probe: str, arrays: Iterator[NDArray[Any]]) -> tuple[float, float]:
    """Choose the ends of an axis that has room for all of some numbers, with a margin."""
    values = np.concatenate([array.ravel() for array in arrays]).astype(float)
    values = values[np.isfinite(values)]
    if not values.size:
        raise BnbenchError(f"{run.run.probe(probe)}: holds no number that could be drawn")
    margin = 0.05 * (values.max() - values.min()) or 0.5
    return float(values.min() - margin), float(values.max() + margin)
