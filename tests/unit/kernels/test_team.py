"""Threads that help: no bit hangs on how many there are, and nobody waits for one that sleeps."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
import torch

from bnbench.config import Experiment, load_experiment
from bnbench.errors import BnbenchError
from bnbench.kernels import team
from bnbench.kernels.functions import MapsLayer
from bnbench.kernels.recipe import Recipe
from bnbench.runs import Run
from bnbench.training import run_experiment

RECIPES = [
    Recipe(0, "tanh", "average", "never"),
    Recipe(2, "relu", "maximum", "first", 1e-5),
    Recipe(1, "sigmoid", "none", "last", 1e-5),
]


def layer(recipe: Recipe, *, needs_input: bool) -> list[torch.Tensor]:
    """Values and gradients of a layer of 3 and 14 maps."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 3, 12, 14, generator=generator).requires_grad_(needs_input)
    norm = recipe.normalizes != "never"
    shapes = [(14, 3, 5, 5), (14,), *([(14,), (14,)] if norm else [])]
    weights = [torch.randn(*shape, generator=generator).requires_grad_() for shape in shapes]
    given = [*weights, *[None] * (4 - len(weights))]
    y, _, _ = MapsLayer.apply(x, *given, None, None, recipe)
    wanted = [x, *weights] if needs_input else weights
    return [y, *torch.autograd.grad(y.square().sum(), wanted)]


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)


@pytest.mark.usefixtures("four_cores")
def test_helpers_change_no_bit() -> None:
    for recipe in RECIPES:
        for needs_input in (False, True):
            alone = layer(recipe, needs_input=needs_input)
            with team.team(4):
                assert team.address
                for _ in range(20):
                    for one, other in zip(layer(recipe, needs_input=needs_input), alone,
                                          strict=True):  # fmt: skip
                        assert torch.equal(one, other)


@pytest.mark.usefixtures("four_cores")
def test_a_team_ends_with_its_run_and_idles_without_a_core() -> None:
    before = threading.active_count()
    with team.team(3):
        assert threading.active_count() == before + 2
        time.sleep(0.1)  # by then they sleep
        started = time.process_time()
        time.sleep(0.3)
        assert time.process_time() - started < 0.15  # two that spin would take up to 0.6 s
        with pytest.raises(ZeroDivisionError), team.team(2):  # one team a process
            raise ZeroDivisionError
        assert team.address
    assert threading.active_count() == before
    assert team.address == 0


def test_there_are_no_more_threads_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    before = threading.active_count()
    with team.team(256):
        assert threading.active_count() == before


@pytest.mark.usefixtures("four_cores")
def test_a_run_has_the_same_bits_with_any_number_of_threads(root: Path, tmp_path: Path) -> None:
    overrides = ["data.dataset=digits", "data.train_examples=600", "training.epochs=1"]

    def trained(threads: int) -> tuple[list[float], str]:
        experiment = load_experiment(
            root / "configs/lenet5_batchnorm.yaml", [*overrides, f"training.threads={threads}"]
        )
        rows = list(run_experiment(experiment, 0, tmp_path / str(threads)))
        return [row.loss for row in rows if hasattr(row, "loss")], weights(experiment, threads)

    def weights(experiment: Experiment, threads: int) -> str:
        return (
            Run(tmp_path / str(threads) / experiment.experiment / "seed-0")
            .weights.read_bytes()
            .hex()
        )

    assert trained(1) == trained(3)


def test_more_of_pytorch_s_threads_than_cores_are_refused(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would wait for each other, and with fewer the bits were others."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    experiment = load_experiment(
        root / "configs/mlp.yaml", ["data.dataset=digits", "training.threads=3"]
    )
    with pytest.raises(BnbenchError, match=r"training.threads: 3 threads .* set it to 2 at most"):
        next(run_experiment(experiment, 0, tmp_path))
