"""The manifest field by field; it may come from anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnbench.errors import BnbenchError
from bnbench.runs import Run
from tests.edits import edit_manifest
from tests.manifests import a_manifest


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    content = a_manifest().content()  # of an earlier release: a seal would show every edit
    run.manifest.write_text(json.dumps(content), encoding="utf-8")
    return run


def refused(run: Run) -> str:
    with pytest.raises(BnbenchError) as caught:
        run.read_manifest()
    assert all(line.startswith(f"{run.manifest}: ") for line in str(caught.value).splitlines())
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"experiment": ["a"]}, "experiment"),
        ({"seed": "0"}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**70}, "seed"),
        ({"seed": 0.0}, "seed"),
        ({"status": "done"}, "status"),
        ({"configuration_hash": "abc"}, "configuration_hash"),
        ({"dataset": []}, "dataset"),
        ({"dataset": {"sha256": "A" * 64}}, "dataset.sha256"),
        ({"dataset": {"train_examples": 0}}, "dataset.train_examples"),
        ({"dataset": {"train_examples": 2**40}}, "dataset.train_examples"),
        ({"dataset": {"validation_is_test_file": "no"}}, "dataset.validation_is_test_file"),
        ({"versions": {"torch": 2.1}}, "versions.torch"),
        ({"machine": {"threads": "1"}}, "machine.threads"),
        ({"started": "yesterday"}, "started"),
        ({"ended": "2026-01-01T00:00:00"}, "ended"),
        ({"ended": "2026-01-01T00:00:00+01:00"}, "ended"),
        ({"ended": float("inf")}, "ended"),
        ({"ended": 10**400}, "ended"),
        ({"peak_memory_mib": 10**400}, "peak_memory_mib"),
        ({"peak_memory_mib": float("inf")}, "peak_memory_mib"),
        ({"peak_memory_mib": -1.0}, "peak_memory_mib"),
        ({"final": {"validation_accuracy": 1.2}}, "final.validation_accuracy"),
        ({"final": {"validation_accuracy": "high"}}, "final.validation_accuracy"),
        ({"final": {"validation_accuracy": float("nan")}}, "final.validation_accuracy"),
        ({"final": {"test_loss": -0.1}}, "final.test_loss"),
        ({"final": {"epochs": -1}}, "final.epochs"),
        ({"resumed_after_epochs": [-1]}, "resumed_after_epochs.0"),
        ({"code": {"a": 1}}, "code.a"),
        ({"files": {"weights.pt": "abc"}}, "files.weights.pt"),
        ({"seal": "abc"}, "seal"),
        ({"schema_version": 2}, "schema_version"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_field_that_bnbench_would_not_write(
    run: Run, changes: dict[str, Any], field: str
) -> None:
    edit_manifest(run, **changes)
    (line,) = refused(run).splitlines()
    assert line.startswith(f"{run.manifest}: {field}: ")


@pytest.mark.parametrize("name", ["experiment", "seed", "status", "dataset", "machine", "started"])
def test_a_field_left_out(run: Run, name: str) -> None:
    content = json.loads(run.manifest.read_text(encoding="utf-8"))
    del content[name]
    run.manifest.write_text(json.dumps(content), encoding="utf-8")
    assert f"{name}: field required" in refused(run)


def test_a_flood_of_problems_is_told_up_to_a_number(run: Run) -> None:
    """A list of a million wrong numbers was a million lines."""
    edit_manifest(run, resumed_after_epochs=[-1] * 50_000)
    with pytest.raises(BnbenchError) as caught:
        run.read_manifest()
    assert len(caught.value.problems) == 21
    assert ": 49,980 more" in caught.value.problems[-1]


def test_every_wrong_field_at_once(run: Run) -> None:
    edit_manifest(run, seed=-1, error=5)
    assert len(refused(run).splitlines()) == 2


@given(st.one_of(st.binary(max_size=200), st.just(b"[" * 100_000), st.text().map(str.encode)))
def test_what_is_no_manifest(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    run = Run(tmp_path_factory.mktemp("run"))
    run.manifest.write_bytes(content)
    assert refused(run) == (
        f"{run.manifest}: is no manifest, which is JSON; restore it, or move the run's folder away"
    )
