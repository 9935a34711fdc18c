"""A small study of LeNet-5 with and without batch norm, and finished runs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bnbench.config import Study, load_study
from bnbench.runs import Run
from tests.unit.conftest import MakeRun

Load = Callable[..., Study]
MakeRuns = Callable[..., list[Run]]

RECIPE = """\
experiment: {name}
model: {{name: {model}}}
published: {{source: lenet5_article, arm: {arm}}}
data: {{split: published}}
training: {{epochs: 2, batch_size: 3100, optimizer: {{name: adam}}}}
"""


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a study whose configs are plain.yaml and batch_norm.yaml, of 2 epochs of 20 steps."""
    for name, model, arm in (
        ("plain", "LeNet5", "regular"),
        ("batch_norm", "LeNet5_BatchNorm", "batch_norm"),
    ):
        (tmp_path / f"{name}.yaml").write_text(RECIPE.format(name=name, model=model, arm=arm))

    def load(text: str, **options: Any) -> Study:
        path = tmp_path / "study.yaml"
        path.write_text("study: s\nquestion: why\n" + text)
        return load_study(path, **options)

    return load


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def make_runs(make_run: MakeRun) -> MakeRuns:
    """Write runs of an arm, from seed -> validation accuracies; see ``make_run``."""

    def make(
        study: Study, label: str, curves: Mapping[int, Sequence[float]], **options: Any
    ) -> list[Run]:
        experiment = study.arms[label].experiment
        return [make_run(experiment, seed, curve, **options) for seed, curve in curves.items()]

    return make


@pytest.fixture
def diverged() -> dict[str, Any]:
    """The manifest of a run that diverged."""
    return {"status": "diverged", "error": "the train loss is not finite at step 25"}
