"""The results of several machines in one folder: checked, never overwritten, never half there."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.runs.directory import Run, locked
from bnbench.runs.hashes import changed_files
from bnbench.runs.manifest import Manifest
from bnbench.runs.overview import look_over

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


def plan_merge(other: Path, results: Path) -> Merge:
    """Look at every run of another results folder; nothing is written.

    Runs that were edited since they ended are refused, and those that contradict the one of their
    name in `results`.
    """
    overview = look_over(other)
    problems = list(overview.problems)
    taken, there, unfinished = [], [], []
    for listed in overview.runs:
        run = Run(Path(listed.path))
        if listed.status in NOT_TAKEN:
            unfinished.append(run)
            continue
        try:
            target = Run(results / _place(run, other))
            if _is_there(run, target):
                there.append(run)
            else:
                taken.append((run, target))
        except BnbenchError as error:
            problems += error.problems
    if problems:
        raise BnbenchError(*problems)
    return Merge(tuple(taken), tuple(there), tuple(unfinished))


def merge(plan: Merge) -> None:
    """Copy what was planned, run by run, each whole or not at all."""
    for run, target in plan.taken:
        with locked(target):
            _copy(run, run.read_manifest(), target)


def _place(run: Run, other: Path) -> Path:
    """Say where a run goes below a results folder: by its manifest, which its seal covers."""
    manifest = run.read_manifest()
    if not manifest.files:
        raise BnbenchError(
            f"{run.manifest}: lists no files, as in the first release; copy this run yourself"
        )
    for name, change in changed_files(run, manifest.files).items():
        raise BnbenchError(f"{run.path / name}: {change} since the run ended; nothing is merged")
    if run.path.is_symlink() or not run.path.resolve().is_relative_to(other.resolve()):
        raise BnbenchError(f"{run.path}: is a link out of {other}; nothing is merged")
    return Path(manifest.experiment) / f"seed-{manifest.seed}"


def _is_there(run: Run, target: Run) -> bool:
    if unclaimed := target.unclaimed():
        raise BnbenchError(f"{target.path}: holds {', '.join(unclaimed)}, but no manifest.json")
    if not target.manifest.exists():
        return False
    ours, theirs = target.read_manifest(), run.read_manifest()
    same = ours.configuration_hash == theirs.configuration_hash
    if ours.files == theirs.files or (same and _weights(ours) == _weights(theirs) != ""):
        return True
    what = "other bytes" if same else "another configuration"
    raise BnbenchError(
        f"{target.path}: is there already, of {what} than {run.path}; move one of them away"
    )


def _weights(manifest: Manifest) -> str:
    """Look up the hash of the weights: equal ones were trained by the same steps, in other time."""
    return manifest.files.get("weights.pt", "")


def _copy(run: Run, manifest: Manifest, target: Run) -> None:
    """Copy the files that the manifest lists, and it last: without it a folder is no run."""
    target.path.mkdir(parents=True, exist_ok=True)
    for name in (*manifest.files, run.manifest.name):
        beside = target.path / f".{name}.beside-{secrets.token_hex(8)}"
        shutil.copyfile(run.path / name, beside, follow_symlinks=False)
        beside.replace(target.path / name)
    copied = changed_files(target, manifest.files)
    if copied:
        target.manifest.unlink()
        raise BnbenchError(f"{run.path}: was changed while it was copied; merge again")
