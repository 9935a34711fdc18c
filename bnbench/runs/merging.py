"""The results of several machines in one folder: checked, never overwritten, never half there."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.foreign import (
    MEBIBYTE,
    PART,
    is_folder,
    open_regular,
    parts_of,
    read_foreign,
    regular_files,
    there_is,
)
from bnbench.runs.directory import Run, locked, no_run
from bnbench.runs.files import force_to_disk, rename, write_bytes
from bnbench.runs.hashes import (
    MOST_HASHED,
    changed_files,
    file_hashes,
    left_out,
    sha256_of,
    untouched_before,
)
from bnbench.runs.manifest import Manifest, read_hashed
from bnbench.runs.overview import runs_below
from bnbench.runs.packed import STUDIES, opened, refuse_packed
from bnbench.runs.removal import remove

WORKSHOP = ".merging"
"""Below the results folder. No experiment has such a name, and nothing looks for runs there."""

AT_THE_SAME_TIME = min(4, os.cpu_count() or 1)
"""Threads: while one waits for a file, or hashes, Python lets another go on."""


@dataclass(frozen=True)
class Taken:
    """A run that is copied: where it is, where it goes, and the SHA-256 of each of its files.

    Attributes
    ----------
    questions : frozenset of Path
        Where the other folder keeps what the studies ask for which the run was done.
    """

    run: Run
    target: Run
    hashes: Mapping[str, str]
    questions: frozenset[Path]


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


def plan_merge(
    other: Path, results: Path, folders: Sequence[Path] = (), *, hashed: bool = True
) -> Merge:
    """Look at every run of another results folder, or only at those in `folders` of it.

    Nothing is written. Runs that were edited since they ended are refused, and those that
    contradict the one of their name in `results`, or in the other folder.

    Parameters
    ----------
    hashed : bool, default True
        Whether every file is read now, and its hash checked. `merge` does so in any case.
    """
    if other.resolve() == results.resolve():
        raise BnbenchError(f"{other}: is the folder that would take the runs; name another one")
    refuse_packed(results)
    other = opened(other)
    problems: list[str] = []
    taken: dict[Path, Taken] = {}
    there: list[Run] = []
    unfinished: list[Run] = []
    runs = _runs(folders or [other], problems)
    with ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:  # hashes and files do not hold Python's lock
        looked = pool.map(partial(_look, other, results, hashed), runs)
        for run, found in zip(runs, looked, strict=True):
            if isinstance(found, BnbenchError):
                problems += found.problems
            elif isinstance(found, Taken):
                first = taken.setdefault(found.target.path, found)
                if first.hashes != found.hashes:
                    problems.append(_contradiction(first.run, run, "other bytes"))
                elif first is not found:
                    there.append(run)
            else:
                (there if found else unfinished).append(run)
    if problems:
        raise BnbenchError(*problems)
    return Merge(results, tuple(taken.values()), tuple(there), tuple(unfinished))


def _look(other: Path, results: Path, hashed: bool, run: Run) -> Taken | BnbenchError | bool:
    """Say how to take a run, what forbids it, or whether it is there already or unfinished."""
    try:
        manifest, manifest_hash = read_hashed(run.manifest)
        target = Run(results / manifest.experiment / f"seed-{manifest.seed}")
        if not manifest.finished:
            return False
        if _is_there(run, manifest, target):
            return True
        spared = left_out(run, manifest)
        _check_whole(run, manifest, spared, other, hashed)
        hashes = {name: found for name, found in manifest.files.items() if name not in spared}
        if spared and there_is(run.measured):  # no manifest lists it
            hashes[run.measured.name] = sha256_of(run.measured)
        hashes |= {run.manifest.name: manifest_hash}
        return Taken(run, target, hashes, _questions(run, manifest))
    except BnbenchError as error:
        return error


def _questions(run: Run, manifest: Manifest) -> frozenset[Path]:
    """Find what the other folder has written down of the studies that a run was done for."""
    folder = run.path.parents[manifest.experiment.count("/") + 1] / STUDIES
    names = regular_files(folder) & {f"{study}.json" for study in manifest.registered}
    if names and (linked := [*filter(Path.is_symlink, [folder]), *_links(folder, names)]):
        raise BnbenchError(f"{linked[0]}: is a link, maybe to elsewhere; nothing is merged")
    return frozenset(folder / name for name in names)


def _runs(folders: Sequence[Path], problems: list[str]) -> list[Run]:
    """Find the runs in folders, each of which must hold one, and what may not be looked into."""
    found = [run for folder in folders for run in runs_below(folder, problems)]
    for folder in folders:
        if not problems and not any(run.path.is_relative_to(folder) for run in found):
            raise no_run(folder)
    return found


def _check_whole(
    run: Run, manifest: Manifest, spared: Sequence[str], other: Path, hashed: bool
) -> None:
    """Refuse a run that was edited since it ended, and links, maybe out of the folder.

    An archived copy may lack what is spared.
    """
    believed = -math.inf if hashed else math.inf
    if not manifest.files:
        raise BnbenchError(
            f"{run.manifest}: lists no files, as in the first release; copy this run yourself"
        )
    for name, change in changed_files(run, manifest.files, believed).items():
        if name not in spared:
            raise BnbenchError(_changed(run, name, change))
    linked = [run.path] if run.path.is_symlink() else []
    names = {run.measured.name, *(name.partition("/")[0] for name in manifest.files)}
    linked += _links(run.path, names)
    if is_folder(run.path / "probes"):
        linked += _links(run.path / "probes", {Path(name).name for name in manifest.files})
    if not _is_within(run.path if run.path == other else run.path.parent, other):
        linked.append(run.path)
    for path in linked:
        raise BnbenchError(f"{path}: is a link, maybe out of {other}; nothing is merged")


def _changed(run: Run, name: str, change: str) -> str:
    return f"{run.path / name}: {change} since the run ended; nothing is merged"


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
        _check_undamaged(target, ours)
        return True
    what = "other bytes" if same else "another configuration"
    raise BnbenchError(_contradiction(target, run, what))


def _check_undamaged(run: Run, manifest: Manifest) -> None:
    """Refuse to leave a run alone that is damaged here: the other may be whole."""
    spared = left_out(run, manifest)
    for name, change in changed_files(run, manifest.files, untouched_before(run, manifest)).items():
        if name not in spared:
            raise BnbenchError(f"{run.path / name}: {change} here; remove this run and merge again")


def _contradiction(first: Run, second: Run, what: str) -> str:
    return f"{first.path}: is there already, of {what} than {second.path}; move one of them away"


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
    """Copy what was planned: all of it, or nothing if a file is not what its run has left.

    The copies wait in a folder where nobody looks for runs, until all are checked and on disk. Only
    then each is renamed to its place, so a run is there whole or not at all. After a kill, the next
    merge takes the copies that are whole.
    """
    workshop = plan.results / WORKSHOP
    if workshop.is_symlink():
        raise BnbenchError(f"{workshop}: is a link, through which runs would be copied; remove it")
    if not plan.taken:
        return
    copies = [workshop / taken.hashes[taken.run.manifest.name] for taken in plan.taken]
    with locked(Run(workshop)):
        with ThreadPoolExecutor(AT_THE_SAME_TIME) as pool:
            problems = [*chain.from_iterable(pool.map(_copy, plan.taken, copies))]
        if not problems:
            force_to_disk(file for copy in copies for file in copy.rglob("*"))
            _take_questions(plan)
            for taken, copy in zip(plan.taken, copies, strict=True):
                _put(copy, taken.target)
    shutil.rmtree(workshop)
    if problems:
        raise BnbenchError(*problems)


def _take_questions(plan: Merge) -> None:
    """Copy what studies ask, before their runs are there; what is written down here stays."""
    for path in sorted({path for taken in plan.taken for path in taken.questions}):
        target = plan.results / STUDIES / path.name
        if not there_is(target):
            write_bytes(target, read_foreign(path, MEBIBYTE))


def _copy(taken: Taken, copy: Path) -> list[str]:
    """Copy the files of a run, and name those that are not what the run has left.

    What was read is both hashed and written.
    """
    if there_is(copy):  # of a merge that was killed
        if _is_whole(copy, taken.hashes):
            return []
        _remove(copy)
    for folder in {name.rpartition("/")[0] for name in taken.hashes}:
        (copy / folder).mkdir(parents=True, exist_ok=True)
    return [
        _changed(taken.run, name, "changed")
        for name, sha256 in taken.hashes.items()
        if _copied(f"{taken.run.path}/{name}", f"{copy}/{name}") != sha256
    ]


def _is_whole(copy: Path, hashes: Mapping[str, str]) -> bool:
    """Tell whether a folder holds these very files, no others and no links."""
    found = {path.relative_to(copy).as_posix(): path for path in copy.rglob("*")}
    if any(path.is_symlink() for path in (copy, *found.values())):
        return False
    files = {name for name, path in found.items() if not path.is_dir()}
    return files == hashes.keys() and all(sha256_of(found[name]) == hashes[name] for name in files)


def _remove(path: Path) -> None:
    """Remove whatever has a name, but nothing behind a link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


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
