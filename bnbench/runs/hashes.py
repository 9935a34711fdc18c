"""What belongs to a finished run, file by file, so that a change of any byte shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from bnbench.runs.directory import Run


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


def changed_files(run: Run, stated: Mapping[str, str]) -> Iterator[str]:
    """Compare a run's files with the hashes in its manifest.

    Parameters
    ----------
    run : Run
    stated : mapping of str to str
        File name -> SHA-256, as `file_hashes` gave them when the run ended.

    Yields
    ------
    str
        A line for each file that is missing, changed or new.
    """
    there = file_hashes(run)
    for name in sorted(stated.keys() | there.keys()):
        if name not in there:
            yield f"{run.path / name}: is missing; the manifest lists it"
        elif name not in stated:
            yield f"{run.path / name}: is not among the files that the manifest lists"
        elif there[name] != stated[name]:
            yield f"{run.path / name}: was changed; its SHA-256 is not the manifest's"
