"""Killed at any instant, a run goes on to the same bytes as one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from bnbench.config import load_experiment
from bnbench.execution.plan import plan_runs
from bnbench.runs.identity import Found
from tests.commands import bnbench, started
from tests.files import timeless

SEED = 3
EPOCHS = 5
OVERRIDES = ["data.dataset=digits", f"training.epochs={EPOCHS}", "training.batch_size=16"]


def command(root: Path, results: Path) -> list[str]:
    """A short real run: batch norm, Adam, shuffling."""
    return [
        "train", "-c", str(root / "configs/lenet5_batchnorm.yaml"), "--seed", str(SEED),
        "--results", str(results), *[part for text in OVERRIDES for part in ("-o", text)],
    ]  # fmt: skip


def only_run(results: Path) -> Path:
    (manifest,) = results.rglob("manifest.json")
    return manifest.parent


@pytest.fixture(scope="module")
def undisturbed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("undisturbed")
    assert bnbench(*command(root, results)).returncode == 0
    return only_run(results)


def kill_when(
    root: Path, results: Path, ready: Callable[[], bool], number: int = signal.SIGKILL
) -> bool:
    """Start the command, and once `ready` send a signal to all of it, if it still runs."""
    with started(*command(root, results)) as process:
        while process.poll() is None and not ready():
            time.sleep(0.005)
        running = process.poll() is None
        if running:
            os.killpg(process.pid, number)
        process.wait(60)
    return running


def training_for(seconds: float, results: Path) -> Callable[[], bool]:
    """Tell when the logs have been growing for so long."""

    def state() -> list[int]:
        with suppress(FileNotFoundError):  # a run that starts over has just removed it
            return [path.stat().st_mtime_ns for path in results.rglob("batches.csv")]
        return []

    before, since = state(), [float("inf")]

    def ready() -> bool:
        if since[0] == float("inf") and state() != before:
            since[0] = time.monotonic()
        return time.monotonic() - since[0] >= seconds

    return ready


def checkpoints(results: Path) -> list[Path]:
    return sorted(results.rglob("checkpoint-*.pt"))


def kill_often(root: Path, results: Path, times: int, draw: random.Random) -> tuple[int, list[int]]:
    kills = 0
    for attempt in range(times):
        number = signal.SIGTERM if attempt % 3 == 2 else signal.SIGKILL
        kills += kill_when(root, results, training_for(draw.uniform(0, 0.6), results), number)
    done = bnbench(*command(root, results))
    assert done.returncode == 0, done.stderr
    manifest = json.loads((only_run(results) / "manifest.json").read_text(encoding="utf-8"))
    return kills, manifest["resumed_after_epochs"]


def test_killed_three_times(root: Path, tmp_path: Path, undisturbed: Path) -> None:
    kills, resumed = kill_often(root, tmp_path, 3, random.Random(1))
    assert kills >= 1
    assert timeless(only_run(tmp_path)) == timeless(undisturbed)
    assert resumed == sorted(resumed)


def test_a_torn_line_and_a_spoilt_checkpoint(root: Path, tmp_path: Path, undisturbed: Path) -> None:
    """What a power cut can leave: half a row, and a checkpoint that was never whole."""
    assert kill_when(root, tmp_path, lambda: len(checkpoints(tmp_path)) == 2)
    run = only_run(tmp_path)
    wanted = load_experiment(root / "configs/lenet5_batchnorm.yaml", OVERRIDES)
    (planned,) = plan_runs([wanted], [SEED], tmp_path).planned
    latest = checkpoints(tmp_path)[-1]
    assert planned.found == Found("resume", "running")
    assert planned.task.epochs_kept == int(latest.stem.split("-")[1])
    with (run / "batches.csv").open("a", encoding="utf-8") as file:
        file.write("train,9,99")
    latest.write_bytes(latest.read_bytes()[:1000])
    assert bnbench(*command(root, tmp_path)).returncode == 0
    assert timeless(run) == timeless(undisturbed)


def test_fresh_starts_over(root: Path, tmp_path: Path, undisturbed: Path) -> None:
    assert kill_when(root, tmp_path, lambda: bool(checkpoints(tmp_path)))
    done = bnbench(*command(root, tmp_path), "--fresh")
    assert done.returncode == 0
    assert timeless(only_run(tmp_path)) == timeless(undisturbed)
    manifest = json.loads((only_run(tmp_path) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["resumed_after_epochs"] == []
