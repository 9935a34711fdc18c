"""The bounds by hand, and what lies on either side of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bnbench.config import load_experiment
from bnbench.verification.tolerance import STEPS, tolerances, within_tolerance

SMOOTH = [5e-6, 5e-6, 5e-6]
KINKED = [1e-5, 1e-3, 1e-1]
KINKED_AND_NORMALIZED = [1e-5, 1e-2, 1e-1]


@pytest.mark.parametrize(
    ("recipe", "overrides", "at_1_10_100"),
    [
        ("lenet5", [], SMOOTH),
        ("lenet5_batchnorm", [], SMOOTH),
        ("lenet5", ["model.activation=relu"], KINKED),
        ("lenet5", ["model.activation=sigmoid"], SMOOTH),
        ("cnn", [], KINKED),
        ("cnn_batchnorm", [], KINKED_AND_NORMALIZED),
        ("cnn", ["model.activation=tanh"], KINKED),  # it pools by maxima
    ],
)
def test_kinks_amplify(
    root: Path, recipe: str, overrides: list[str], at_1_10_100: list[float]
) -> None:
    experiment = load_experiment(root / "configs" / f"{recipe}.yaml", overrides)
    bounds = tolerances(experiment)
    assert bounds.shape == (STEPS,)
    assert bounds[[0, 9, 99]].tolist() == pytest.approx(at_1_10_100)


def losses(
    *changes: tuple[int, float], steps: int = 120
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    values = np.full(steps, 2.3, np.float32)
    for step, by in changes:
        values[step - 1] += np.float32(by)
    return values


@pytest.mark.parametrize(
    ("recipe", "change", "holds"),
    [
        ("lenet5", (1, 4e-6), True),
        ("lenet5", (100, -4e-6), True),
        ("lenet5", (1, -6e-6), False),
        ("lenet5", (100, 6e-6), False),
        ("lenet5", (101, 1.0), True),  # nothing is promised there
        ("lenet5", (3, np.nan), False),
        ("cnn", (2, 3.8e-5), True),
        ("cnn", (2, 4.2e-5), False),
        ("cnn_batchnorm", (2, 7.6e-5), True),
        ("cnn_batchnorm", (2, 8.4e-5), False),
        ("cnn_batchnorm", (22, 0.099), True),
        ("cnn_batchnorm", (100, 0.101), False),
    ],
)
def test_each_step_has_its_bound(
    root: Path, recipe: str, change: tuple[int, float], holds: bool
) -> None:
    experiment = load_experiment(root / "configs" / f"{recipe}.yaml")
    assert within_tolerance(experiment, losses(), losses(change)) == holds


def test_short_runs_and_runs_of_other_lengths(root: Path) -> None:
    experiment = load_experiment(root / "configs/lenet5.yaml")
    assert within_tolerance(experiment, losses(steps=3), losses((3, 1e-6), steps=3))
    assert not within_tolerance(experiment, losses(steps=3), losses((3, 1e-3), steps=3))
    assert not within_tolerance(experiment, losses(steps=3), losses(steps=4))
