"""Runs removed for good: only what bnbench wrote, and nothing that a report keeps."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.runs.directory import Run, locked
from bnbench.runs.overview import REPORT

WRITTEN = (
    "config.yaml", "manifest.json", "batches.csv", "epochs.csv", "evaluations.csv",
    "test_predictions.npy", "weights.pt", ".lock", "probes.csv",
)  # fmt: skip


def check_removal(runs: Sequence[Run]) -> None:
    """Refuse runs that a report keeps, links, and folders with other files; nothing is written."""
    problems = [problem for run in runs if (problem := _problem(run))]
    if problems:
        raise BnbenchError(*problems)


def _problem(run: Run) -> str:
    path = run.path.resolve()
    if kept := next((folder for folder in path.parents if (folder / REPORT).exists()), None):
        return f"{run.path}: is kept beside the report in {kept}; it is not removed"
    if run.path.is_symlink():
        return f"{run.path}: is a link; remove it yourself"
    foreign = [file.name for file in run.path.iterdir() if not _ours(file)]
    if foreign:
        return f"{run.path}: holds {foreign[0]} too, which bnbench did not write; move it away"
    return ""


def _ours(file: Path) -> bool:
    own = file.name in WRITTEN or file.name.startswith("checkpoint-") or ".beside-" in file.name
    return own and not file.is_dir()


def remove(run: Run) -> None:
    """Remove a run, and the folders above it that are empty then."""
    with locked(run):
        run.manifest.unlink()  # first: without it, what is left is no run
        for file in run.path.iterdir():
            if file.name != ".lock":
                file.unlink()
    shutil.rmtree(run.path)
    with suppress(OSError):  # not empty
        run.path.parent.rmdir()


def size(run: Run) -> int:
    """Count the bytes of a run's files."""
    return sum(file.lstat().st_size for file in run.path.iterdir())
