"""The results of several machines in one folder: checked, never overwritten, never half there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.runs.directory import Run, locked
from bnbench.runs.files import written_whole
from bnbench.runs.hashes import changed_files, file_hashes
from bnbench.runs.manifest import Manifest
from bnbench.runs.overview import run_folders
from bnbench.runs.packed import opened

NOT_TAKEN = ("running", "interrupted", "failed")


@dataclass(frozen=True)
class Merge:
    """What a merge would do, and has done.

    Attributes
    ----------
    taken : tuple of tuple of Run and Run
        Where each run is, and where it goes.
    there : tuple of Run
        Runs that are in the results folder already.
    unfinished : tuple of Run
        Runs that are left where they are: they go on there.
    """

    taken: tuple[tuple[Run, Run], ...]
    there: tuple[Run, ...]
    unfinished: tuple[Run, ...]


def plan_merge(other: Path, results: Path, folders: Sequence[Path] = ()) -> Merge:
    """Look at every run of another results folder, or only at those in `folders` of it.

    Nothing is written. Runs that were edited since they ended are refused, and those that
    contradict the one of their name in `results`.
    """
    other = opened(other)
    problems: list[str] = []
    taken, there, unfinished = [], [], []
    for run in _runs(folders or [other], problems):
        try:
            manifest = run.read_manifest()
            target = Run(results / manifest.experiment / f"seed-{manifest.seed}")
            if manifest.status in NOT_TAKEN:
                unfinished.append(run)
            elif _is_there(run, manifest, target):
                there.append(run)
            else:
                _check_whole(run, manifest, other)
                taken.append((run, target))
        except BnbenchError as error:
            problems += error.problems
    if problems:
        raise BnbenchError(*problems)
    return Merge(tuple(taken), tuple(there), tuple(unfinished))


def _runs(folders: Sequence[Path], problems: list[str]) -> list[Run]:
    """Find the runs in folders, each of which must hold one, and what may not be looked into."""
    found = [Run(path) for folder in folders for path in run_folders(folder, problems)]
    for folder in folders:
        if not problems and not any(run.path.is_relative_to(folder) for run in found):
            raise BnbenchError(f"{folder}: holds no run (a folder seed-<n> with a manifest.json)")
    return found


def merge(plan: Merge) -> None:
    """Copy what was planned, run by run, each whole or not at all."""
    for run, target in plan.taken:
        with locked(target):
            _copy(run, run.read_manifest(), target)


def _check_whole(run: Run, manifest: Manifest, other: Path) -> None:
    """Refuse a run that was edited since it ended, and links, maybe out of the folder."""
    if not manifest.files:
        raise BnbenchError(
            f"{run.manifest}: lists no files, as in the first release; copy this run yourself"
        )
    for name, change in changed_files(run, manifest.files).items():
        raise BnbenchError(f"{run.path / name}: {change} since the run ended; nothing is merged")
    files = [run.path / name for name in manifest.files]
    linked = [path for path in (run.path, *files) if path.is_symlink()]
    outside = [
        folder
        for folder in {run.path, *(path.parent for path in files)}
        if not folder.resolve().is_relative_to(other.resolve())
    ]
    for path in (*linked, *outside):
        raise BnbenchError(f"{path}: is a link, maybe out of {other}; nothing is merged")


def _is_there(run: Run, theirs: Manifest, target: Run) -> bool:
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
    """Refuse a folder without a manifest, but for what a merge that was killed has copied."""
    copied = {
        name for name, sha256 in file_hashes(target).items() if theirs.files.get(name) == sha256
    }
    if unclaimed := [name for name in target.unclaimed() if name not in copied]:
        raise BnbenchError(f"{target.path}: holds {', '.join(unclaimed)}, but no manifest.json")


def _weights(manifest: Manifest) -> str:
    """Look up the hash of the weights: equal ones were trained by the same steps, in other time."""
    return manifest.files.get("weights.pt", "")


def _copy(run: Run, manifest: Manifest, target: Run) -> None:
    """Copy the files that the manifest lists, and it last: without it a folder is no run."""
    for name in manifest.files:
        with written_whole(target.path / name) as beside:
            shutil.copyfile(run.path / name, beside, follow_symlinks=False)
    if changed_files(target, manifest.files):
        raise BnbenchError(f"{run.path}: was changed while it was copied; merge again")
    manifest.write(target.manifest)
