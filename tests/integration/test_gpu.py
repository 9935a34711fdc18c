"""Whole runs on a GPU, and what is promised of them; counted as skipped where there is none."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from bnbench.config import Experiment, load_experiment
from bnbench.data import data_folder, load_splits
from bnbench.runs import EpochRow, Run, run_directory
from bnbench.training import run_experiment
from bnbench.training.device import on_device, reproducible
from bnbench.training.loop import update
from bnbench.training.stack import build_learner
from bnbench.verification.tolerance import within_tolerance

pytestmark = pytest.mark.gpu

SEEDS = 3
CONFIGS = ["lenet5", "lenet5_batchnorm", "cnn_batchnorm", "mlp_batchnorm"]


def experiment(
    root: Path, config: str, device: str = "cuda", stack: int | None = None
) -> Experiment:
    name, _, dropout = config.partition("+")
    settings = ["data.train_examples=2000", "training.epochs=3", "training.evaluate_every=10"]
    settings += ["model.dropout=0.2"] if dropout else []
    return load_experiment(root / f"configs/{name}.yaml", settings, device, stack)


def done(one: Experiment, results: Path, seed: int = 1) -> Run:
    assert all(run_experiment(one, seed, results))
    return run_directory(results, one, seed)


def assert_same_run(one: Run, other: Run) -> None:
    for name in ("batches.csv", "weights.pt", "test_predictions.npy"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes(), name
    assert one.read_manifest().final == other.read_manifest().final


@pytest.mark.parametrize(
    ("config", "stack"),
    [(name, stack) for name in CONFIGS for stack in (None, SEEDS)]
    + [("mlp_batchnorm+dropout", None)],  # a stack has none
)
def test_again_and_resumed_the_bytes_are_the_same(
    config: str, stack: int | None, root: Path, data_dir: Path, tmp_path: Path
) -> None:
    one = experiment(root, config, stack=stack)
    first, again = done(one, tmp_path / "first"), done(one, tmp_path / "again")
    assert first.read_manifest().machine.device.startswith("cuda")
    assert_same_run(first, again)
    rows = run_experiment(one, 1, tmp_path / "stopped")
    next(row for row in rows if isinstance(row, EpochRow))
    next(rows)  # the state is written before the next row is asked for
    del rows
    stopped = done(one, tmp_path / "stopped")
    assert stopped.read_manifest().resumed_after_epochs == [1]
    assert_same_run(first, stopped)


def losses(run: Run) -> NDArray[np.float32]:
    rows = pd.read_csv(run.batches)
    return rows["loss"][rows["split"] == "train"].to_numpy(np.float32)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_first_losses_are_those_of_the_processor(
    config: str, root: Path, data_dir: Path, tmp_path: Path
) -> None:
    """On a GPU a seed has the same initial weights and batches; then rounding differs."""
    one, other = experiment(root, config, "cpu"), experiment(root, config, "cuda")
    runs = done(one, tmp_path / "cpu"), done(other, tmp_path / "cuda")
    assert within_tolerance(one, losses(runs[0]), losses(runs[1]))


@pytest.mark.parametrize("config", CONFIGS)
def test_stacked_seeds_are_within_the_tolerance_of_their_own_runs(
    config: str, root: Path, data_dir: Path, tmp_path: Path
) -> None:
    alone = experiment(root, config)
    stacked = done(experiment(root, config, stack=SEEDS), tmp_path / "stacked")
    assert stacked.read_manifest().machine.stack == list(range(SEEDS))
    for seed in range(SEEDS):
        run = done(alone, tmp_path / "alone", seed)
        other = run_directory(tmp_path / "stacked", alone, seed)
        assert within_tolerance(alone, losses(run), losses(other))


@pytest.mark.parametrize("config", CONFIGS)
def test_recorded_or_not_the_bytes_are_the_same(
    config: str, root: Path, data_dir: Path, tmp_path: Path
) -> None:
    recorded = experiment(root, config)
    training = recorded.training.model_copy(update={"cuda_graph": False})
    not_recorded = recorded.model_copy(update={"training": training})
    assert_same_run(done(recorded, tmp_path / "one"), done(not_recorded, tmp_path / "other"))


@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
@pytest.mark.parametrize("stack", [None, SEEDS])
def test_no_step_waits_for_the_device(stack: int | None, root: Path, data_dir: Path) -> None:
    """PyTorch raises where anything would, from the first step to the reading of the losses."""
    one = experiment(root, "lenet5_batchnorm", stack=stack)
    with reproducible(threads=1):
        splits = on_device(load_splits(one.data, data_folder(data_dir), 1), torch.device("cuda"))
        learner = build_learner(one, one.training.seeds_with(0), splits)
        batch = torch.arange(64).expand(*learner.loss_shape, 64)
        update(learner, batch)
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            losses = [update(learner, batch)[0] for _ in range(3)]
        finally:
            torch.cuda.set_sync_debug_mode("default")
    assert all((before > after).all() for before, after in pairwise(losses))
