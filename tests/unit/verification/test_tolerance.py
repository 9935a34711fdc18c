from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.config import load_experiment
from bnbench.verification import KINKED_STEPS, STEPS, promised_steps


@pytest.mark.parametrize(
    ("recipe", "overrides", "steps"),
    [
        ("lenet5", [], STEPS),
        ("lenet5_batchnorm", [], STEPS),
        ("lenet5", ["model.activation=relu"], KINKED_STEPS),
        ("lenet5", ["model.activation=sigmoid"], STEPS),
        ("cnn", [], KINKED_STEPS),
        ("cnn", ["model.activation=tanh"], KINKED_STEPS),  # it pools by maxima
    ],
)
def test_kinks_amplify(root: Path, recipe: str, overrides: list[str], steps: int) -> None:
    experiment = load_experiment(root / "configs" / f"{recipe}.yaml", overrides)
    assert promised_steps(experiment) == steps
