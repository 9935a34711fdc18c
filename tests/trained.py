"""A run that is trained to its end, and what a plan says of it afterwards."""

from __future__ import annotations

from pathlib import Path

from bnbench.config import Experiment
from bnbench.execution.plan import plan_runs
from bnbench.runs import Run, run_directory
from bnbench.training import run_experiment


def trained(experiment: Experiment, results: Path, seed: int = 0) -> Run:
    """Train an experiment with one seed."""
    for _ in run_experiment(experiment, seed, results):
        pass
    return run_directory(results, experiment, seed)


def state_of(experiment: Experiment, results: Path) -> str:
    """Say what a plan finds of an experiment's seed 0, such as ``cached: complete``."""
    (planned,) = plan_runs([experiment], [0], results).planned
    return f"{planned.found.state}: {planned.found.reason}"
