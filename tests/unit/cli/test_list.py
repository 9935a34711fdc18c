"""``bnbench list`` on a terminal of 80 columns, in a pipe, and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bnbench.cli.list import list_runs
from bnbench.runs.manifest import Status
from tests.commands import imported
from tests.manifests import a_manifest

Captured = pytest.CaptureFixture[str]
LONG = "a_long_name_[of]_an_experiment/published/lenet5_batchnorm@0.001"

ENDED = "2026-11-20T10:09:51+00:00"


def write(
    results: Path, seed: int, status: Status, final: dict[str, Any], ended: str | None
) -> None:
    a_manifest(
        seed=seed, status=status, machine={"device": "cuda (a GPU)"}, ended=ended, final=final
    ).write(results / LONG / f"seed-{seed}" / "manifest.json")  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three seeds of a long name, one of them without an end, and one broken manifest."""
    write(tmp_path, 0, "complete", {"epochs": 2, "validation_accuracy": 0.5}, ENDED)
    write(tmp_path, 1, "complete", {"epochs": 2, "validation_accuracy": 0.75}, ENDED)
    write(tmp_path, 3, "failed", {}, None)
    broken = tmp_path / "broken/seed-0/manifest.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{", encoding="utf-8")
    return tmp_path


def test_a_line_an_experiment_where_nobody_folds_it(results: Path, capsys: Captured) -> None:
    list_runs(results, by_run=False, as_json=False)
    _, experiment, broken = capsys.readouterr().out.splitlines()
    assert re.split(" {2,}", experiment) == [
        LONG, "0, 1, 3", "2 complete, 1 failed", "2", "62.50 %", "cuda (a GPU)", "2026-11-20"
    ]  # fmt: skip
    assert broken.startswith(f"{results / 'broken/seed-0/manifest.json'}: is no manifest")


def test_a_training_that_failed_is_said(tmp_path: Path, capsys: Captured) -> None:
    """It did every step, and so it is complete."""
    write(tmp_path, 0, "complete", {"epochs": 2, "validation_loss": 1e31}, ENDED)
    list_runs(tmp_path, by_run=False, as_json=False)
    list_runs(tmp_path, by_run=True, as_json=False)
    said = capsys.readouterr().out
    assert "1 complete, 1 of them failed to learn" in said
    assert "complete, failed to learn" in said


def test_a_line_a_run(results: Path, capsys: Captured) -> None:
    list_runs(results, by_run=True, as_json=False)
    _, *runs, broken = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in runs] == [
        f"{results / LONG / 'seed-0'} complete 2 50.00 % 2026-11-20 10:09:51",
        f"{results / LONG / 'seed-1'} complete 2 75.00 % 2026-11-20 10:09:51",
        f"{results / LONG / 'seed-3'} failed",
    ]
    assert "is no manifest" in broken


def test_a_terminal_of_80_columns_hides_nothing(
    results: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the output for a terminal
    monkeypatch.setenv("TERM", "dumb")
    list_runs(results, by_run=False, as_json=False)
    head, *lines, _ = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert len(lines) > 1  # it folded
    width = head.index("seeds")
    assert "".join(line[:width].strip() for line in lines) == LONG


@pytest.mark.parametrize("by_run", [False, True])
def test_the_same_for_programs(results: Path, capsys: Captured, by_run: bool) -> None:
    list_runs(results, by_run=by_run, as_json=True)
    content = json.loads(capsys.readouterr().out)
    (problem,) = content["problems"]
    assert "is no manifest" in problem
    if by_run:
        assert [run["seed"] for run in content["runs"]] == [0, 1, 3]
        assert content["runs"][2]["validation_accuracy"] is None
    else:
        (one,) = content["experiments"]
        assert one["statuses"] == {"complete": 2, "failed": 1}
        assert one["validation_accuracy"] == 0.625


def test_it_loads_neither_torch_nor_pandas(results: Path) -> None:
    loaded = imported("list", results)
    assert loaded.isdisjoint({"torch", "torchvision", "pandas", "matplotlib", "scipy"})


def test_on_a_narrow_terminal_a_study_is_named_once(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No name is broken within a word, whatever room there is; the CPU goes without saying."""
    for name in ("batch_size_small/batch_norm_everywhere@128", "batch_size_small/plain@1", "cnn"):
        a_manifest(final={"epochs": 2, "validation_accuracy": 0.5}, ended=ENDED).write(
            tmp_path / name / "seed-0/manifest.json"
        )
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    list_runs(tmp_path, by_run=False, as_json=False)
    _, *lines = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out).splitlines()
    cells = "0      1 complete  2       50.00 %     2026-11-20"
    assert [line.rstrip() for line in lines] == [
        "batch_size_small/",
        f"  batch_norm_everywhere@128  {cells}",
        f"  plain@1                    {cells}",
        f"cnn                          {cells}",
    ]


def test_a_long_name_is_broken_at_its_joints(
    results: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"FORCE_COLOR": "1", "NO_COLOR": "1", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    list_runs(results, by_run=False, as_json=False)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()][1:4]
    assert [line[:30].rstrip() for line in lines] == [
        "a_long_name_[of]_an_", "experiment/published/", "  lenet5_batchnorm@0.001"
    ]  # fmt: skip
