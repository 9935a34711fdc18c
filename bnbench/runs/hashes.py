"""What belongs to a finished run, file by file, so that a change of any byte shows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from bnbench.config import Experiment
from bnbench.runs.directory import Run
from bnbench.runs.manifest import Manifest

Change = Literal["missing", "changed", "new"]


def file_hashes(run: Run) -> dict[str, str]:
    """Hash the files that a finished run leaves beside its manifest.

    Returns
    -------
    dict of str to str
        File name -> SHA-256, hex; only of files that are there.
    """
    files = (run.config, run.batches, run.epochs, run.evaluations, run.predictions, run.weights)
    return {path.name: _sha256(path) for path in files if path.is_file()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def changed_files(run: Run, stated: Mapping[str, str]) -> dict[str, Change]:
    """Compare a run's files with the hashes in its manifest.

    All of each file is read, at 0.5 to 1 GB a second: of 200 runs of LeNet-5, 120 MB.

    Parameters
    ----------
    run : Run
    stated : mapping of str to str
        File name -> SHA-256, as `file_hashes` gave them when the run ended.

    Returns
    -------
    dict of str to str
        Name -> what was done to it; ``new`` is a file that the manifest does not list.
    """
    there = file_hashes(run)
    changes: dict[str, Change] = {}
    for name in sorted(stated.keys() | there.keys()):
        if name not in there:
            changes[name] = "missing"
        elif name not in stated:
            changes[name] = "new"
        elif there[name] != stated[name]:
            changes[name] = "changed"
    return changes


def changed_since(run: Run, manifest: Manifest, experiment: Experiment) -> dict[str, Change]:
    """Compare a finished run's files with its manifest, or with what every such run leaves.

    Manifests of the first release list no files: of these runs only what is missing is told.
    """
    if manifest.files:
        return changed_files(run, manifest.files)
    always = [run.config, run.batches, run.epochs]
    if manifest.status == "complete":
        always.append(run.weights)
    if experiment.training.evaluate_every:
        always.append(run.evaluations)
    return {path.name: "missing" for path in always if not path.is_file()}
