"""What goes on in a results folder, told from the files that a run has written so far."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from bnbench.cli import watch
from bnbench.errors import BnbenchError
from bnbench.runs import Run
from bnbench.runs.running import running_runs
from tests.invoke import invoke
from tests.unit.conftest import MakeRun


@pytest.fixture
def going_on(make_run: MakeRun) -> Run:
    """Two of four epochs of 20 training batches, in 3 + 1 seconds each."""
    begun = (datetime.now(UTC) - timedelta(seconds=30)).isoformat(timespec="seconds")
    make_run("ended", 0, [0.9])
    return make_run(
        "b/going_on", 1, [0.9, 0.95], settings={"training": {"epochs": 4}},
        manifest={"status": "running", "started": begun},
    )  # fmt: skip


def test_a_run_that_goes_on(going_on: Run, tmp_path: Path) -> None:
    (found,) = running_runs(tmp_path / "results")
    log = pd.read_csv(going_on.batches)
    train = log[log["split"] == "train"]
    assert (found.path, found.epoch, found.epochs) == (str(going_on.path), 3, 4)
    assert found.loss == pytest.approx(train["loss"].mean())
    assert found.validation_accuracy == 0.95
    assert found.seconds_left == 2 * (3 + 1)


def test_the_first_epoch_is_timed_by_its_share(going_on: Run, tmp_path: Path) -> None:
    lines = going_on.batches.read_bytes().splitlines(keepends=True)
    going_on.batches.write_bytes(b"".join(lines[: 1 + 10]))  # the names, and half of its batches
    going_on.epochs.write_bytes(b"")
    (found,) = running_runs(tmp_path / "results")
    assert (found.epoch, found.validation_accuracy) == (1, None)
    assert found.seconds_left == pytest.approx(3.5 * 30 / 0.5, rel=0.2)


def test_one_that_is_silent_may_be_dead(going_on: Run, tmp_path: Path) -> None:
    hour_ago = time.time() - 3600
    os.utime(going_on.batches, (hour_ago, hour_ago))
    (found,) = running_runs(tmp_path / "results")
    assert found.seconds_left is None
    shown = invoke("watch", tmp_path / "results").stdout
    assert "3 of 4" in shown
    assert "silent for 1 h 0 min" in shown


@pytest.mark.parametrize(
    ("log", "column", "cell"),
    [
        ("batches", "loss", "inf"), ("batches", "loss", "nan"),  # killed before it said so
        ("epochs", "validation_accuracy", "nan"), ("epochs", "train_seconds", "inf"),
        ("epochs", "train_seconds", "-1e30"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_not_shown(
    going_on: Run, tmp_path: Path, log: str, column: str, cell: str
) -> None:
    path: Path = getattr(going_on, log)
    table = pd.read_csv(path, dtype=str)
    table[column] = cell
    path.write_text(table.to_csv(index=False, lineterminator="\n"))
    for arguments in (["--json"], []):
        shown = invoke("watch", tmp_path / "results", *arguments)
        assert shown.exit_code == 0
        assert "going_on" in shown.stdout
        assert cell not in shown.stdout


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_manifest_is_not_waited_for(going_on: Run, tmp_path: Path) -> None:
    going_on.manifest.unlink()
    os.mkfifo(going_on.manifest)
    assert running_runs(tmp_path) == []


def test_where_nothing_runs(going_on: Run, tmp_path: Path) -> None:
    for cut in (b"", b"{", b'{"status": "running"}'):  # while it is begun, and of another's hand
        going_on.manifest.write_bytes(cut)
        assert running_runs(tmp_path) == []
    result = invoke("watch", tmp_path)
    assert (result.exit_code, result.stdout[:15]) == (0, "Nothing runs in")
    assert isinstance(invoke("watch", tmp_path / "nowhere").exception, BnbenchError)


def test_an_experiment_is_watched_by_its_name(
    going_on: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "3 of 4" in invoke("watch", "b/going_on").stdout
    assert "Nothing runs in results/ended" in invoke("watch", "ended").stdout


def test_ctrl_c_is_how_it_ends(
    going_on: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        assert seconds >= 2
        raise KeyboardInterrupt

    def changed() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    before = changed()
    monkeypatch.setattr(watch, "redraws", lambda _: True)
    monkeypatch.setattr("time.sleep", interrupt)
    assert invoke("watch", tmp_path / "results").exit_code == 0
    assert changed() == before
