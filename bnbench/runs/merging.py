"""The results of several machines in one folder: checked, never overwritten, never half there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.foreign import PART, is_folder, open_regular, parts_of
from bnbench.runs.directory import Run, locked, no_run
from bnbench.runs.files import force_to_disk, rename
from bnbench.runs.hashes import MOST_HASHED, changed_files, file_hashes, left_out
from bnbench.runs.manifest import Manifest, read_hashed
from bnbench.runs.overview import run_folders
from bnbench.runs.packed import opened
from bnbench.runs.removal import remove

WORKSHOP = ".merging"
"""Below the results folder. No experiment has such a name, and nothing looks for runs there."""

AT_THE_SAME_TIME = min(4, os.cpu_count() or 1)
"""Threads: while one waits for a file, or hashes, Python lets another go on."""

AT_ONCE = 500
"""Runs that are forced to disk together: as many at most are copied again after a kill."""


@dataclass(frozen=True)
class Taken:
    """A run that is copied: where it is, where it goes, and the SHA-256 of each of its files."""

    run: Run
    target: Run
    hashes: Mapping[str, str]


@dataclass(frozen=True)
class Merge:
    """What a merge would do, and has done.

    Attributes
    ----------
    results : Path
        The folder that takes the runs.
    there : tuple of Run
        Runs that are in the results folder already.
    unfinished : tuple of Run
        Runs that are left where they are: they go on there.
    """

    results: Path
    taken: tuple[Taken, ...]
    there: tuple[Run, ...]
    unfinished: tuple[Run, ...]


def plan_merge(other: Path, results: Path, folders: Sequence[Path] = ()) -> Merge:
    """Look at every run of another results folder, or only at those in `folders` of it.

    Nothing is written. Runs that were edited since they ended are refused, and those that
    contradict the one of their name in `results`.
    """
    other = opened(other)
    problems: list[str] = []
    taken: list[Taken] = []
    there: list[Run] = []
    unfinished: list[Run] = []
    runs = _runs(folders or [other], problems)
    with ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:  # hashes and files do not hold Python's lock
        for run, found in zip(runs, pool.map(partial(_look, other, results), runs), strict=True):
            if isinstance(found, BnbenchError):
                problems += found.problems
            elif isinstance(found, Taken):
                taken.append(found)
            else:
                (there if found else unfinished).append(run)
    if problems:
        raise BnbenchError(*problems)
    return Merge(results, tuple(taken), tuple(there), tuple(unfinished))


def _look(other: Path, results: Path, run: Run) -> Taken | BnbenchError | bool:
    """Say how to take a run, what forbids it, or whether it is there already or unfinished."""
    try:
        manifest, manifest_hash = read_hashed(run.manifest)
        target = Run(results / manifest.experiment / f"seed-{manifest.seed}")
        if not manifest.finished:
            return False
        if _is_there(run, manifest, target):
            return True
        spared = left_out(run, manifest)
        _check_whole(run, manifest, spared, other)
        hashes = {name: found for name, found in manifest.files.items() if name not in spared}
        return Taken(run, target, hashes | {run.manifest.name: manifest_hash})
    except BnbenchError as error:
        return error


def _runs(folders: Sequence[Path], problems: list[str]) -> list[Run]:
    """Find the runs in folders, each of which must hold one, and what may not be looked into."""
    found = [Run(path) for folder in folders for path in run_folders(folder, problems)]
    for folder in folders:
        if not problems and not any(run.path.is_relative_to(folder) for run in found):
            raise no_run(folder)
    return found


def _check_whole(run: Run, manifest: Manifest, spared: Sequence[str], other: Path) -> None:
    """Refuse a run that was edited since it ended, and links, maybe out of the folder.

    An archived copy may lack what is spared.
    """
    if not manifest.files:
        raise BnbenchError(
            f"{run.manifest}: lists no files, as in the first release; copy this run yourself"
        )
    for name, change in changed_files(run, manifest.files).items():
        if name not in spared:
            raise BnbenchError(
                f"{run.path / name}: {change} since the run ended; nothing is merged"
            )
    linked = [run.path] if run.path.is_symlink() else []
    linked += _links(run.path, {name.partition("/")[0] for name in manifest.files})
    if any("/" in name for name in manifest.files):
        linked += _links(run.path / "probes", {Path(name).name for name in manifest.files})
    if not _is_within(run.path if run.path == other else run.path.parent, other):
        linked.append(run.path)
    for path in linked:
        raise BnbenchError(f"{path}: is a link, maybe out of {other}; nothing is merged")


def _links(folder: Path, names: set[str]) -> list[Path]:
    """Find the links among some names, by one look at their folder."""
    with os.scandir(folder) as entries:
        return [Path(entry.path) for entry in entries if entry.name in names and entry.is_symlink()]


@cache
def _is_within(folder: Path, other: Path) -> bool:
    return folder.resolve().is_relative_to(other.resolve())


def _is_there(run: Run, theirs: Manifest, target: Run) -> bool:
    if not is_folder(target.path):
        return False
    if not target.manifest.exists():
        _check_unclaimed(target, theirs)
        return False
    ours = target.read_manifest()
    same = ours.configuration_hash == theirs.configuration_hash
    if ours.files == theirs.files or (same and _weights(ours) == _weights(theirs) != ""):
        return True
    what = "other bytes" if same else "another configuration"
    raise BnbenchError(
        f"{target.path}: is there already, of {what} than {run.path}; move one of them away"
    )


def _check_unclaimed(target: Run, theirs: Manifest) -> None:
    """Refuse a folder without a manifest, but for copies of this very run's files."""
    if not (unclaimed := target.unclaimed()):
        return
    same = {
        name for name, sha256 in file_hashes(target).items() if theirs.files.get(name) == sha256
    }
    if others := [name for name in unclaimed if name not in same]:
        raise BnbenchError(f"{target.path}: holds {', '.join(others)}, but no manifest.json")


def _weights(manifest: Manifest) -> str:
    """Look up the hash of the weights: equal ones were trained by the same steps, in other time."""
    return manifest.files.get("weights.pt", "")


def merge(plan: Merge) -> None:
    """Copy what was planned; a run is there whole or not at all."""
    workshop = plan.results / WORKSHOP
    if workshop.is_symlink():
        raise BnbenchError(f"{workshop}: is a link, through which runs would be copied; remove it")
    if not plan.taken:
        return
    with locked(Run(workshop)):
        for start in range(0, len(plan.taken), AT_ONCE):
            _merge_together(plan.taken[start : start + AT_ONCE], workshop)
    shutil.rmtree(workshop)


def _merge_together(taken: Sequence[Taken], workshop: Path) -> None:
    """Copy runs into the workshop, force them to disk together, and only then rename them."""
    for left in filter(Path.is_dir, workshop.iterdir()):  # of a merge that was killed
        shutil.rmtree(left)
    copies = [workshop / str(number) for number in range(len(taken))]
    with ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
        list(pool.map(_copy, taken, copies))
    force_to_disk(file for copy in copies for file in copy.rglob("*"))
    for one, copy in zip(taken, copies, strict=True):
        _put(copy, one.target)


def _copy(taken: Taken, copy: Path) -> None:
    """Copy the files of a run; what was read is both hashed and written."""
    copy.mkdir()
    for folder in {name.rpartition("/")[0] for name in taken.hashes} - {""}:
        (copy / folder).mkdir()
    for name, sha256 in taken.hashes.items():
        if _copied(f"{taken.run.path}/{name}", f"{copy}/{name}") != sha256:
            raise BnbenchError(f"{taken.run.path}: was changed while it was copied; merge again")


def _copied(source: str, target: str) -> str:
    """Copy a file to a new one; SHA-256, hex, of what was read and written."""
    digest = hashlib.sha256()
    with open_regular(source) as file, open(target, "xb", buffering=PART) as copy:  # noqa: PTH123
        for part in parts_of(file, MOST_HASHED):
            digest.update(part)
            copy.write(part)
    return digest.hexdigest()


def _put(copy: Path, target: Run) -> None:
    """Rename a copy to its place."""
    if target.manifest.exists():
        raise BnbenchError(f"{target.path}: was begun while others were copied; merge again")
    if target.path.exists():  # a killed command has left nothing in it, or a part of the same run
        remove(target)
    target.path.parent.mkdir(parents=True, exist_ok=True)
    rename(copy, target.path)
