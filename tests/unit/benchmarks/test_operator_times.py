"""The table of operators: dearest first, and the rest adds up."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import operator_times
from benchmarks.gpu_profile import kernel_times
from benchmarks.operator_times import Times, rows_of
from bnbench.config import load_experiment
from bnbench.data import load_splits


def test_rows_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_times, "SHOWN", 2)
    step = Times({"add": 10.0, "mm": 100.0, "tanh": 40.0}, with_profiler=200.0, without=150.0)
    evaluation = Times({"mm": 50.0, "tanh": 30.0, "copy": 5.0}, with_profiler=90.0, without=80.0)
    assert rows_of([step, evaluation]) == [
        ["`mm`", "100", "50"],
        ["`tanh`", "40", "30"],
        ["other operators", "10", "5"],
        ["between operators", "50", "5"],
        ["all, with the profiler", "200", "90"],
        ["all, without it", "150", "80"],
    ]


def test_the_profile_has_the_loops(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_times, "BLOCKS", 1)
    experiment = load_experiment(
        root / "configs/published/lenet5.yaml", ["data.dataset=digits", "training.batch_size=4"]
    )
    found = operator_times.step_times(experiment, load_splits(experiment.data, root))
    for loops in ("gather", "forward", "backward", "cross-entropy"):
        assert found.operators[f"loops: {loops}"] > 0


def test_the_profile_of_recorded_steps(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the CPU, where nothing is recorded: the dearest operator of a stack is there."""
    monkeypatch.chdir(root)
    data = load_experiment("configs/published/lenet5.yaml", ["data.dataset=digits"]).data
    found = kernel_times("published/lenet5", 2, load_splits(data, root), steps=2)
    assert found.operators["aten::mkldnn_convolution"] > 0
    assert found.with_profiler > sum(found.operators.values()) > 0
