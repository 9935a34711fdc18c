"""Runs that are in the way of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.config import Experiment, ModelSettings
from bnbench.errors import BnbenchError
from bnbench.execution.plan import Plan, PlannedRun
from bnbench.execution.tasks import Task
from bnbench.runs import Found


def test_seeds_of_an_experiment_that_are_in_the_way_for_one_reason_are_one_line() -> None:
    def planned(name: str, seed: int, reason: str) -> PlannedRun:
        experiment = Experiment(experiment=name, model=ModelSettings(name="LeNet5"))
        return PlannedRun(Task(experiment, seed, 1, Path("results")), Found("other", reason))

    plan = Plan(
        (
            planned("a", 0, "code"), planned("b", 0, "code"), planned("a", 1, "code"),
            planned("a", 2, "data"), planned("a", 3, "code"),
        )
    )  # fmt: skip
    with pytest.raises(BnbenchError) as refused:
        plan.refuse_others()
    remedy = "; give another --results folder, or --fresh to replace"
    assert refused.value.problems == (
        f"results/a/seed-0: holds a run that differs in code (2 more beside it){remedy} them",
        f"results/b/seed-0: holds a run that differs in code{remedy} it",
        f"results/a/seed-2: holds a run that differs in data{remedy} it",
    )
