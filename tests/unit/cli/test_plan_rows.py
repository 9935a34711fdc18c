"""The rows of `bnbench plan`: runs in one state for one reason together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bnbench.cli.plan import _grouped
from bnbench.config import load_experiment
from bnbench.execution.plan import PlannedRun
from bnbench.execution.tasks import Task
from bnbench.runs.identity import Found


def test_a_stopped_run_says_how_many_epochs_are_done(root: Path, tmp_path: Path) -> None:
    """A killed run's manifest knows no number: it said "running after epoch None"."""
    task = Task(load_experiment(root / "configs/lenet5.yaml"), 0, 55_000, tmp_path)
    stopped = [
        PlannedRun(replace(task, seed=seed, epochs_kept=kept), Found("resume", "running"))
        for seed, kept in ((0, 1), (1, 8), (2, 8))
    ]
    waiting = PlannedRun(replace(task, seed=3), Found("run", "not there yet"))
    rows = [
        (state, reason, [run.task.seed for run in runs])
        for (_, state, reason), runs in _grouped([*stopped, waiting])
    ]
    assert rows == [
        ("resume", "running, 1 epoch done", [0]),
        ("resume", "running, 8 epochs done", [1, 2]),
        ("run", "not there yet", [3]),
    ]
