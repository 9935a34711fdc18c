"""Seeds trained as one network: whole commands, their files, and how they go on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from bnbench.config import load_experiment
from bnbench.runs import EpochRow, Run, run_directory
from bnbench.training import load_weights, run_experiment
from bnbench.training.stack import StackedLearner
from bnbench.verification.tolerance import TOLERANCE

SEEDS = 3
SETTINGS = ["data.train_examples=2000", "training.epochs=2", "training.device=cpu"]


def command(root: Path, results: Path, *more: str) -> list[str]:
    overrides = [part for text in SETTINGS for part in ("-o", text)]
    return [
        sys.executable, "-m", "bnbench", "train", "-c", str(root / "configs/lenet5_batchnorm.yaml"),
        *overrides, "--seeds", str(SEEDS), "--results", str(results), *more,
    ]  # fmt: skip


def run_of(root: Path, results: Path, seed: int) -> Run:
    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", SETTINGS)
    return run_directory(results, experiment, seed)


@pytest.fixture(scope="module")
def trained(root: Path, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On MNIST: the seeds each alone under ``alone``, and as one network under ``stacked``."""
    folder = tmp_path_factory.mktemp("trained")
    subprocess.run(command(root, folder / "alone"), check=True, capture_output=True)
    stacked = command(root, folder / "stacked", "--stack", str(SEEDS))
    subprocess.run(stacked, check=True, capture_output=True)
    return folder


def test_each_seed_is_within_the_tolerance_of_its_own_run(root: Path, trained: Path) -> None:
    """Every loss of the two epochs; in evaluation mode, 0.01.

    There batch norm's averages lag behind the biases in front of it, whose gradient is rounding
    alone, of which Adam makes steps of full length.
    """
    for seed in range(SEEDS):
        alone, stacked = (run_of(root, trained / name, seed) for name in ("alone", "stacked"))
        one, other = (pd.read_csv(run.batches) for run in (alone, stacked))
        assert one[["split", "epoch", "step", "examples"]].equals(
            other[["split", "epoch", "step", "examples"]]
        )
        apart, trains = (one["loss"] - other["loss"]).abs(), one["split"] == "train"
        assert apart[trains].max() <= TOLERANCE
        assert apart[~trains].max() <= 0.01
        one, other = (pd.read_csv(run.epochs) for run in (alone, stacked))
        np.testing.assert_allclose(
            one["validation_accuracy"], other["validation_accuracy"], rtol=0, atol=0.002
        )
        ours, theirs = load_weights(alone), load_weights(stacked)
        assert {name: value.shape for name, value in ours.items()} == {
            name: value.shape for name, value in theirs.items()
        }


def test_without_the_biases_every_loss_is_within_the_tolerance(
    root: Path, data_dir: Path, tmp_path: Path
) -> None:
    settings = [*SETTINGS, "model.batch_norm.preceding_bias=false"]
    config = root / "configs/lenet5_batchnorm.yaml"
    losses = []
    for stack in (None, 2):
        experiment = load_experiment(config, settings, stack=stack)
        results = tmp_path / str(stack)
        assert all(run_experiment(experiment, 1, results))
        losses.append(pd.read_csv(run_directory(results, experiment, 1).batches)["loss"])
    assert (losses[0] - losses[1]).abs().max() <= TOLERANCE


def test_the_manifest_says_so(root: Path, trained: Path) -> None:
    for seed in range(SEEDS):
        manifest = run_of(root, trained / "stacked", seed).read_manifest()
        assert (manifest.status, manifest.seed) == ("complete", seed)
        assert manifest.machine["stack"] == [0, 1, 2]
        assert run_of(root, trained / "stacked", seed).read_experiment().training.stack == 3
        assert "stack" not in run_of(root, trained / "alone", seed).read_manifest().machine


def test_a_finished_stack_is_not_run_again(root: Path, trained: Path) -> None:
    again = command(root, trained / "stacked", "--stack", str(SEEDS))
    done = subprocess.run(again, capture_output=True, text=True, check=True)
    assert "3 of 3 runs are finished already" in done.stderr


def test_runs_alone_and_in_a_stack_do_not_replace_each_other(root: Path, trained: Path) -> None:
    done = subprocess.run(
        command(root, trained / "stacked"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "training.stack: 3 there, None here" in done.stderr


def test_a_stack_is_done_whole(root: Path, tmp_path: Path) -> None:
    """Whoever asks for one seed gets those beside it, too: its bits depend on them."""
    settings = ["data.dataset=digits", "training.epochs=1", "training.device=cpu"]
    experiment = load_experiment(root / "configs/lenet5.yaml", settings, stack=2)
    rows = [row for row in run_experiment(experiment, 3, tmp_path) if isinstance(row, EpochRow)]
    assert len(rows) == 1
    folders = sorted(path.parent.name for path in tmp_path.rglob("manifest.json"))
    assert folders == ["seed-2", "seed-3"]


def numbers(run: Run) -> list[object]:
    """All that a run leaves, but for what tells the time."""
    epochs = pd.read_csv(run.epochs, dtype=str)
    manifest = json.loads(run.manifest.read_text(encoding="utf-8"))
    return [
        run.batches.read_bytes(), run.weights.read_bytes(), run.predictions.read_bytes(),
        epochs.drop(columns=["train_seconds", "evaluation_seconds"]).to_csv(), manifest["final"],
    ]  # fmt: skip


def test_killed_it_goes_on_to_the_same_bytes(root: Path, trained: Path, tmp_path: Path) -> None:
    """Killed once its first epoch is kept, whichever member is being written."""
    line = command(root, tmp_path, "--stack", str(SEEDS))
    with subprocess.Popen(line, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        latest = time.monotonic() + 120
        while not list(tmp_path.rglob("checkpoint-*.pt")) and time.monotonic() < latest:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    assert "finished already" not in done.stderr
    for seed in range(SEEDS):
        again, undisturbed = (
            run_of(root, results, seed) for results in (tmp_path, trained / "stacked")
        )
        assert numbers(again) == numbers(undisturbed)


def test_members_that_were_kept_after_other_steps_go_on_from_the_one_they_share(
    root: Path, trained: Path, tmp_path: Path
) -> None:
    """As a kill between two of their checkpoints leaves them; and one without any starts all."""
    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", SETTINGS, stack=SEEDS)
    for lost in ("checkpoint-00002-*", "checkpoint-*"):
        results = tmp_path / lost.rstrip("-*")
        stopped_before_its_end(experiment, results)
        for path in run_of(root, results, 1).path.glob(lost):
            path.unlink()
        rows = [row for row in run_experiment(experiment, 0, results) if isinstance(row, EpochRow)]
        assert [row.epoch for row in rows] == ([2] if "00002" in lost else [1, 2])
        for seed in range(SEEDS):
            undisturbed = run_of(root, trained / "stacked", seed)
            assert numbers(run_of(root, results, seed)) == numbers(undisturbed)


def stopped_before_its_end(experiment: object, results: Path) -> None:
    """Both epochs done and kept, and then the test file's scoring fails."""
    from bnbench.training.learner import Learner

    whole, scored = Learner.evaluate, 0

    def evaluate(self: Learner, split: object) -> object:
        nonlocal scored
        scored += 1
        if scored == 5:
            raise KeyboardInterrupt
        return whole(self, split)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "evaluate", evaluate)
        with pytest.raises(KeyboardInterrupt):
            list(run_experiment(experiment, 0, results))  # type: ignore[arg-type]


def test_a_lost_member_is_done_again_and_no_other(
    root: Path, trained: Path, tmp_path: Path
) -> None:
    """With the finished ones beside it in their places, it has the bytes that it had."""
    copytree(trained / "stacked", tmp_path / "results")
    lost, *others = (run_of(root, tmp_path / "results", seed) for seed in (1, 0, 2))
    before = [run.manifest.read_bytes() for run in others]
    rmtree(lost.path)
    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", SETTINGS, stack=SEEDS)
    assert list(run_experiment(experiment, 0, tmp_path / "results")) == []
    assert numbers(lost) == numbers(run_of(root, trained / "stacked", 1))
    assert [run.manifest.read_bytes() for run in others] == before


def test_one_that_diverged_holds_nobody_up(
    root: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run ends at once, and the others, stopped an epoch later, go on from there."""
    steps, whole = 0, StackedLearner.measure

    def measure(self: StackedLearner, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        nonlocal steps
        steps += 1
        losses, correct = whole(self, images, labels)
        return losses * torch.tensor([1.0, torch.nan if steps == 5 else 1.0, 1.0]), correct

    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", SETTINGS, stack=SEEDS)
    monkeypatch.setattr(StackedLearner, "measure", measure)
    rows = run_experiment(experiment, 0, tmp_path)
    next(row for row in rows if isinstance(row, EpochRow))
    next(rows)  # the epoch's state is kept before the next one's first batches
    diverged = run_of(root, tmp_path, 1)
    assert diverged.read_manifest().status == "diverged"
    assert diverged.read_manifest().error == "the train loss is not finite at step 5"
    del rows
    left = [row for row in run_experiment(experiment, 0, tmp_path) if isinstance(row, EpochRow)]
    assert [row.epoch for row in left] == [2]
    for seed in (0, 2):
        assert numbers(run_of(root, tmp_path, seed)) == numbers(
            run_of(root, trained / "stacked", seed)
        )
