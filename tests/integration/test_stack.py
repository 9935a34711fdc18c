"""Seeds trained as one network: whole commands, their files, and how they go on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pandas as pd
import pytest
import torch

from bnbench.config import load_experiment
from bnbench.runs import EpochRow, Run, run_directory
from bnbench.training import load_weights, run_experiment
from bnbench.training.initialization import initial_model
from bnbench.verification.tolerance import TOLERANCE
from tests.commands import bnbench, started
from tests.files import timeless

SEEDS = 3
SETTINGS = ["data.dataset=digits", "training.epochs=2", "training.device=cpu"]


def command(root: Path, results: Path, *more: str) -> list[str]:
    overrides = [part for text in SETTINGS for part in ("-o", text)]
    return [
        "train", "-c", str(root / "configs/lenet5_batchnorm.yaml"),
        *overrides, "--seeds", str(SEEDS), "--results", str(results), *more,
    ]  # fmt: skip


def run_of(root: Path, results: Path, seed: int) -> Run:
    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", SETTINGS)
    return run_directory(results, experiment, seed)


@pytest.fixture(scope="module")
def trained(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seeds each alone under ``alone``, and as one network under ``stacked``."""
    folder = tmp_path_factory.mktemp("trained")
    assert bnbench(*command(root, folder / "alone")).returncode == 0
    stacked = command(root, folder / "stacked", "--stack", str(SEEDS))
    assert bnbench(*stacked).returncode == 0
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


def test_without_the_biases_every_loss_is_within_the_tolerance(root: Path, tmp_path: Path) -> None:
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
        assert manifest.machine.stack == [0, 1, 2]
        assert run_of(root, trained / "stacked", seed).read_experiment().training.stack == 3
        assert run_of(root, trained / "alone", seed).read_manifest().machine.stack is None


def test_a_finished_stack_is_not_run_again(root: Path, trained: Path) -> None:
    again = command(root, trained / "stacked", "--stack", str(SEEDS))
    done = bnbench(*again)
    assert "3 of 3 runs are finished already" in done.stderr


def test_runs_alone_and_in_a_stack_do_not_replace_each_other(root: Path, trained: Path) -> None:
    done = bnbench(*command(root, trained / "stacked"))
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


def test_killed_it_goes_on_to_the_same_bytes(root: Path, trained: Path, tmp_path: Path) -> None:
    """Killed once its first epoch is kept, whichever member is being written."""
    line = command(root, tmp_path, "--stack", str(SEEDS))
    with started(*line) as process:
        latest = time.monotonic() + 120
        while not list(tmp_path.rglob("checkpoint-*.pt")) and time.monotonic() < latest:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    done = bnbench(*line)
    assert done.returncode == 0, done.stderr
    assert "finished already" not in done.stderr
    for seed in range(SEEDS):
        again, undisturbed = (
            run_of(root, results, seed) for results in (tmp_path, trained / "stacked")
        )
        assert timeless(again.path) == timeless(undisturbed.path)


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
            again = run_of(root, results, seed)
            assert timeless(again.path) == timeless(undisturbed.path)


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
    assert timeless(lost.path) == timeless(run_of(root, trained / "stacked", 1).path)
    assert [run.manifest.read_bytes() for run in others] == before


DIGITS = ["data.dataset=digits", "training.epochs=3", "training.device=cpu"]


def test_stopped_after_a_seed_has_diverged_the_others_go_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has ended, and keeps no states; theirs count."""
    from bnbench.training import stack

    def spoilt(resolved: object, settings: object, seed: int, classes: int) -> torch.nn.Module:
        model: torch.nn.Module = initial_model(resolved, settings, seed, classes)  # type: ignore[arg-type]
        if seed == 1:
            model.get_parameter("output.bias").data.fill_(torch.inf)
        return model

    monkeypatch.setattr(stack, "initial_model", spoilt)
    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", DIGITS, stack=SEEDS)
    assert all(run_experiment(experiment, 0, tmp_path / "undisturbed"))
    rows = run_experiment(experiment, 0, tmp_path / "stopped")
    assert any(isinstance(row, EpochRow) and row.epoch == 3 for row in rows)
    del rows
    statuses = [
        run_directory(tmp_path / "stopped", experiment, seed).read_manifest().status
        for seed in range(SEEDS)
    ]
    assert statuses == ["interrupted", "diverged", "interrupted"]
    again = list(run_experiment(experiment, 0, tmp_path / "stopped"))
    assert [row.epoch for row in again if isinstance(row, EpochRow)] == [3]
    for seed in (0, 2):
        runs = [
            run_directory(tmp_path / name, experiment, seed) for name in ("stopped", "undisturbed")
        ]
        assert timeless(runs[0].path) == timeless(runs[1].path)


def test_killed_between_the_ends_of_two_runs_it_goes_on_from_the_last_epoch(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bnbench.training import recording

    experiment = load_experiment(root / "configs/lenet5.yaml", DIGITS, stack=2)
    end = recording._end
    calls: list[Run] = []

    def killed(run: Run, *more: object, **changes: object) -> None:
        calls.append(run)
        if len(calls) == 1:
            end(run, *more, **changes)  # type: ignore[arg-type]
        elif len(calls) == 2:
            raise KeyboardInterrupt  # and from here on nothing is written

    with monkeypatch.context() as patch:
        patch.setattr(recording, "_end", killed)
        with pytest.raises(KeyboardInterrupt):
            list(run_experiment(experiment, 0, tmp_path))
    runs = [run_directory(tmp_path, experiment, seed) for seed in range(2)]
    assert [run.read_manifest().status for run in runs] == ["running", "complete"]
    assert list(run_experiment(experiment, 0, tmp_path)) == []
    for run, resumed in zip(runs, ([3], []), strict=True):
        manifest = run.read_manifest()
        assert (manifest.status, manifest.resumed_after_epochs) == ("complete", resumed)
        assert run.checkpoints() == []
