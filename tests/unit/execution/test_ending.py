"""The last word on a run is said only where the run has not said it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.execution.ending import mark_ended
from bnbench.runs import Run
from bnbench.runs.manifest import Status
from tests.manifests import a_manifest


def run_that_says(status: Status, folder: Path) -> Run:
    run = Run(folder)
    a_manifest(status=status).write(run.manifest)
    return run


def test_a_run_that_seems_to_go_on_has_ended(tmp_path: Path) -> None:
    run = run_that_says("running", tmp_path)
    mark_ended(run, "failed", "killed by signal SIGKILL")
    manifest = run.read_manifest()
    assert (manifest.status, manifest.error) == ("failed", "killed by signal SIGKILL")
    assert manifest.ended is not None


@pytest.mark.parametrize("status", ["complete", "diverged", "failed", "interrupted"])
def test_what_a_run_has_said_itself_stays(status: Status, tmp_path: Path) -> None:
    run = run_that_says(status, tmp_path)
    before = run.manifest.read_bytes()
    mark_ended(run, "interrupted")
    assert run.manifest.read_bytes() == before


@pytest.mark.parametrize("content", [None, "no manifest"])
def test_what_is_no_run_stays(content: str | None, tmp_path: Path) -> None:
    run = Run(tmp_path)
    if content is not None:
        run.manifest.write_text(content, encoding="utf-8")
    mark_ended(run, "failed", "killed")
    assert [path.name for path in tmp_path.iterdir()] == (["manifest.json"] if content else [])
    assert content is None or run.manifest.read_text(encoding="utf-8") == content
