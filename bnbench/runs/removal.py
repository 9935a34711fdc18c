"""Runs removed for good: only what bnbench wrote, and nothing that a report keeps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.runs.directory import FILES, Run, find_runs, locked
from bnbench.runs.overview import REPORT
from bnbench.runs.packed import SUFFIX as PACKED
from bnbench.runs.packed import is_unpacked, opened

SEED = re.compile(r"seed-\d+")


def find_removable(paths: Iterable[Path]) -> list[Run]:
    """Find the runs at or below each path, and what a killed removal has left of one."""
    found: list[Run] = []
    for path in paths:
        packed = is_unpacked(path) and not any(path.glob("seed-*"))
        if packed or (path / REPORT).exists():
            raise BnbenchError(f"{path}: holds packed runs, or a report; these are not removed")
        if opened(path) != path:
            raise BnbenchError(f"{path}: is packed; remove its {PACKED} file yourself")
        left = [run for run in map(Run, (path, *sorted(path.glob("seed-*")))) if _is_left(run)]
        whole = [] if left and not any(path.rglob("manifest.json")) else find_runs([path])
        found += [*whole, *left]
    return found


def _is_left(run: Run) -> bool:
    """Tell whether a folder is what is left of a run, or of all runs of an experiment."""
    if not run.path.is_dir() or run.manifest.exists():
        return False
    left = [*run.path.iterdir()]
    return not left or (bool(SEED.fullmatch(run.path.name)) and all(map(_ours, left)))


def check_removal(runs: Sequence[Run]) -> None:
    """Refuse runs that a report keeps, links, and folders with other files; nothing is written."""
    problems = [problem for run in runs if (problem := _problem(run))]
    if problems:
        raise BnbenchError(*problems)


def _problem(run: Run) -> str:
    path = run.path.resolve()
    if kept := next((folder for folder in path.parents if (folder / REPORT).exists()), None):
        return f"{run.path}: is kept beside the report in {kept}; it is not removed"
    if is_unpacked(run.path):
        return f"{run.path}: is unpacked from a file that keeps it; remove that file yourself"
    if run.path.is_symlink():
        return f"{run.path}: is a link; remove it yourself"
    foreign = [file.name for file in run.path.iterdir() if not _ours(file)]
    if foreign:
        return f"{run.path}: holds {foreign[0]} too, which bnbench did not write; move it away"
    return ""


def _ours(file: Path) -> bool:
    if file.name == "probes" and file.is_dir() and not file.is_symlink():
        return all(member.suffix == ".npz" and not member.is_dir() for member in file.iterdir())
    known = file.name in (*FILES, ".lock")
    own = known or file.name.startswith("checkpoint-") or ".beside-" in file.name
    return own and not file.is_dir()


def remove(run: Run) -> None:
    """Remove a run, and the folders above it that are empty then."""
    if not any(run.path.iterdir()):
        run.path.rmdir()
        return
    with locked(run):
        run.manifest.unlink(missing_ok=True)  # first: without it, what is left is no run
        for file in run.path.iterdir():
            if file.name == "probes":
                shutil.rmtree(file)
            elif file.name != ".lock":
                file.unlink()
    shutil.rmtree(run.path)
    with suppress(OSError):  # not empty
        run.path.parent.rmdir()


def size(run: Run) -> int:
    """Count the bytes of a run's files."""
    return sum(file.lstat().st_size for file in run.path.rglob("*"))
