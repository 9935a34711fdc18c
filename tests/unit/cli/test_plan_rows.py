"""The rows of `bnbench plan`: runs in one state for one reason together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bnbench.cli.plan import _grouped
from bnbench.cli.running import _names
from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.execution.plan import Plan, PlannedRun
from bnbench.execution.tasks import Task
from bnbench.runs.identity import Found
from tests.invoke import invoke


def test_what_would_be_trained_for_nothing_is_said(tmp_path: Path) -> None:
    """Points of a grid without a partner in the other; and fewer seeds than can decide anything."""
    text = """study: mine
question: q
seeds: 1
experiments:
  a: {config: lenet5, grid: {model.dropout: [0.1, 0.3]}}
  b: {config: lenet5, grid: {model.dropout: [0.1, 0.2]}}
contrasts:
  lead: {treatment: a, baseline: b, metrics: [test_accuracy]}
"""
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    done = invoke("plan", tmp_path / "mine.yaml", "--results", tmp_path)
    assert done.stdout.splitlines()[-2:] == [
        "In no contrast: a@0.3, b@0.2",
        "One seed cannot decide any question: give --seeds 6 or more.",
    ]
    whole = invoke("plan", "mlp", "--results", tmp_path).stdout
    assert "In no contrast" not in whole
    assert "cannot decide" not in whole


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


def test_the_only_missing_run_is_named_with_its_point(root: Path, tmp_path: Path) -> None:
    """Of a sweep, it was said to be "rates/plain", as nine others are."""
    experiment = load_experiment(root / "configs/lenet5.yaml", name="rates/plain@0.1")
    task = Task(experiment, 0, 100, tmp_path)
    assert _names(Plan((PlannedRun(task, Found("run", "")),))) == {
        "rates/plain@0.1": "rates/plain@0.1"
    }


def test_packed_runs_are_there(root: Path) -> None:
    done = invoke("plan", "cnn", "--results", root / "results/reference/runs")
    assert "20 runs: " in done.stdout
    assert "not there yet" not in done.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "brief: [{question: Is it?, metric: test_accuracy, yes: higher, corrected: c}]",
            "brief.0",
        ),
        ("small: {keeps: less, overrides: {training.epoch: 1}}", "did you mean 'epochs'"),
        ("figures: [nonsense]", "figures.0"),
    ],
)
def test_what_reproduce_would_refuse_is_refused(tmp_path: Path, more: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        f"study: mine\nquestion: why\nexperiments: {{a: {{config: lenet5}}}}\n{more}\n", "utf-8"
    )
    refused = invoke("plan", path, "--results", tmp_path).exception
    assert isinstance(refused, BnbenchError)
    assert said in str(refused)
