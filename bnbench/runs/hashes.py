"""What belongs to a finished run, file by file, so that a change of any byte shows."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

from bnbench.config import Experiment
from bnbench.foreign import is_regular, open_regular, parts_of, regular_files, unreadable
from bnbench.runs.directory import FILES, MOST_BYTES_OF_A_LOG, Run
from bnbench.runs.manifest import Manifest

Change = Literal["missing", "changed", "new"]
MOST_HASHED = 1 << 30  # bytes
LONGEST_END = 60.0  # seconds from the time that a manifest states to the writing of it


def file_hashes(run: Run) -> dict[str, str]:
    """Hash the files that a finished run leaves beside its manifest.

    Returns
    -------
    dict of str to str
        File name, from the run's folder -> SHA-256, hex; only of files that are there.
    """
    return {name: sha256_of(path) for name, path in _files(run).items()}


def _files(run: Run) -> dict[str, str]:
    """Name the files that are there, with their paths as text: of 10,000 runs 60,000."""
    folder, there = str(run.path), regular_files(run.path)
    hashed = (name for name in FILES if name in there and name != run.manifest.name)
    files = {name: f"{folder}/{name}" for name in hashed}
    probes = (path for path in run.probes() if is_regular(path))
    return files | {f"probes/{path.name}": str(path) for path in probes}


def sha256_of(path: Path | str) -> str:
    """Hash a file: SHA-256, hex; of one that is larger than any of a run, no hash."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > MOST_HASHED:
                return "of more than bnbench writes"
            for part in parts_of(file, MOST_HASHED):
                digest.update(part)
    except OSError as error:
        raise unreadable(Path(path), error) from None
    return digest.hexdigest()


def hash_of_start(path: Path, size: int) -> str | None:
    """Hash the first bytes of a file: SHA-256, hex; ``None`` where it has not as many."""
    if size < 0 or not path.is_file() or path.stat().st_size < size:
        return None
    if size > MOST_BYTES_OF_A_LOG:
        return None
    with path.open("rb") as file:
        return hashlib.sha256(file.read(size)).hexdigest()


def changed_files(
    run: Run, hashes: Mapping[str, str], touched_since: float = -math.inf
) -> dict[str, Change]:
    """Compare a run's files with the hashes in its manifest.

    All of each file is read, at 0.5 to 1 GB a second: of 200 runs of LeNet-5, 120 MB.

    Parameters
    ----------
    hashes : mapping of str to str
        File name -> SHA-256, as `file_hashes` gave them when the run ended.
    touched_since : float
        Believe files whose time of modification is before this one, seconds since the epoch.

    Returns
    -------
    dict of str to str
        Name -> what was done to it; ``new`` is a file that the manifest does not list.
    """
    found = {
        name: hashes.get(name, "") if _older(path, touched_since) else sha256_of(path)
        for name, path in _files(run).items()
    }
    changes: dict[str, Change] = {}
    for name in sorted(hashes.keys() | found.keys()):
        if name not in found:
            changes[name] = "missing"
        elif name not in hashes:
            changes[name] = "new"
        elif found[name] != hashes[name]:
            changes[name] = "changed"
    return changes


def _older(path: str, than: float) -> bool:
    return than > -math.inf and os.stat(path).st_mtime < than  # noqa: PTH116


def changed_since(run: Run, manifest: Manifest, experiment: Experiment) -> dict[str, Change]:
    """Compare a finished run's files with its manifest, or with what every such run leaves.

    Only files touched since the run ended are read: 10,000 runs take seconds, not a minute. An
    edit that sets the clock of a file back is `bnbench verify`'s to find. Manifests of the first
    release list no files: of these runs only what is missing is told.
    """
    if manifest.files:
        return changed_files(run, manifest.files, untouched_before(run, manifest))
    always = [run.config, run.batches, run.epochs]
    if manifest.status == "complete":
        always.append(run.weights)
    if experiment.training.evaluate_every:
        always.append(run.evaluations)
    return {path.name: "missing" for path in always if not path.is_file()}


def left_out(run: Run, manifest: Manifest) -> tuple[str, ...]:
    """Name what an archived copy of a finished run has not.

    These are the weights, the losses of batches, and what probes saw, if the copy has what was
    measured by it. A report keeps such copies, `bnbench.report.archive`. Of any other run nothing
    may be missing.
    """
    if run.batches.exists() or run.weights.exists():
        return ()
    left = [run.batches] if manifest.status == "diverged" else [run.batches, run.weights]
    optional = (run.losses, run.predictions)
    left += [path for path in optional if path.name in manifest.files and not path.exists()]
    probes = {name for name in manifest.files if name.startswith("probes/")}
    measured = probes if is_regular(run.measured) else ()
    unseen = sorted(name for name in measured if not (run.path / name).exists())
    return (*(path.name for path in left), *unseen)


def untouched_before(run: Run, manifest: Manifest) -> float:
    """The end of the run, seconds since 1970; none if its manifest was written later."""
    if manifest.ended is None:
        return -math.inf
    ended = datetime.fromisoformat(manifest.ended).timestamp()
    return ended if run.manifest.stat().st_mtime < ended + LONGEST_END else -math.inf
