"""The arms whose probes a figure shows: both sides of one contrast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.study_runs import ArmRuns
from bnbench.report.figures.figure import Source


def has_probe(probe: str) -> Callable[[Study], bool]:
    """Whether both arms of a contrast have a probe."""

    def has(study: Study) -> bool:
        looked_into = {
            label
            for label, arm in study.arms.items()
            if probe in {used.kind for used in arm.experiment.probes}
        }
        return any(
            {contrast.treatment, contrast.baseline} <= looked_into for contrast in study.contrasts
        )

    return has


def seen(run: FinishedRun, probe: str, name: str, dimensions: int) -> NDArray[Any]:
    """Look up what a probe saw; its file may have been made by anybody."""
    found = run.looks[probe].get(name)
    if found is None or found.ndim != dimensions or not found.size:
        raise not_as_seen(run, probe, name)
    return found


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


def probed_pair(source: Source, probe: str) -> tuple[ArmRuns, ...]:
    """The arms of the first contrast, baseline first, of which every run has what a probe saw."""
    if (runs := source.runs) is None:
        return ()
    for contrast in runs.study.contrasts:
        arms = runs.arms[contrast.baseline], runs.arms[contrast.treatment]
        if all(arm.runs and all(probe in run.looks for run in arm.runs.values()) for arm in arms):
            return arms
    return ()
