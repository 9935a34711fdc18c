"""A run's directory as bytes: what changes in it, to be written elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.runs import Run, written_whole
from bnbench.runs.directory import FILES


@dataclass(frozen=True)
class Changes:
    """What has changed in a run's directory.

    Attributes
    ----------
    files : mapping of str to bytes
        Those that are new or other than before, whole: name -> content. After 100 epochs of MNIST
        the logs are 4 MB, a checkpoint of LeNet-5 is 0.7 MB.
    names : frozenset of str
        All files that are there.
    finished : bool
        Whether nothing of the run is left to do.
    place : int
        Which of a task's runs it is: 0, or a member of a stack.
    """

    files: Mapping[str, bytes]
    names: frozenset[str]
    finished: bool
    place: int = 0


class Watch:
    """Finds what changes in a run's directory from now on."""

    def __init__(self, run: Run, place: int = 0) -> None:
        self._run, self._place = run, place
        self._seen = _states(run)

    def names_changed(self) -> bool:
        """Tell whether a file has come or gone, such as a checkpoint after a whole epoch."""
        return self._seen.keys() != _paths(self._run).keys()

    def changes(self) -> Changes:
        """Read what has changed since this was asked last."""
        before, self._seen = self._seen, _states(self._run)
        changed = [name for name, state in self._seen.items() if before.get(name) != state]
        files = {name: (self._run.path / name).read_bytes() for name in changed}
        finished = self._run.manifest.exists() and self._run.read_manifest().finished
        return Changes(files, frozenset(self._seen), finished, self._place)


def read_files(run: Run) -> dict[str, bytes]:
    """Read all files of a run's directory: name -> content."""
    return {name: path.read_bytes() for name, path in _paths(run).items()}


LARGEST = 1 << 30
"""Bytes of one file of a run: a hundred times what the largest network here leaves."""

OF_A_KIND = re.compile(r"checkpoint-\d{5,}-\d{9,}\.pt|probes/\w[\w.:-]*\.npz")
"""Names of checkpoints and of what probes saw."""


def check_names(run: Run, files: Mapping[str, bytes]) -> None:
    """Refuse names and sizes that no run's files have, before anything is written."""
    for name, content in files.items():
        if name not in FILES and not OF_A_KIND.fullmatch(name):
            raise BnbenchError(f"{run.path}: a node sent {name!a}, which is no file of a run")
        if len(content) > LARGEST:
            raise BnbenchError(f"{run.path}: a node sent {len(content):,} bytes as {name}")


def write_files(run: Run, files: Mapping[str, bytes], names: Iterable[str]) -> None:
    """Write those of `names` that are among the files, in that order, each whole."""
    check_names(run, files)
    for name in names:
        if name in files:
            with written_whole(run.path / name) as beside:
                beside.write_bytes(files[name])


def write_changes(run: Run, changes: Changes) -> None:
    """Write what has changed, in an order that may be cut short anywhere.

    While a run goes on, its manifest is first: from then on what was there is no finished run's,
    and goes. At its end the manifest is last, and only then the checkpoints go. Logs come before
    the checkpoints that need them.
    """
    manifest = run.manifest.name
    others = sorted(changes.names - {manifest}, key=lambda name: not name.endswith(".csv"))
    if changes.finished:
        write_files(run, changes.files, [*others, manifest])
        _remove_all_but(run, changes.names)
    else:
        write_files(run, changes.files, [manifest])
        _remove_all_but(run, changes.names)
        write_files(run, changes.files, others)


def _remove_all_but(run: Run, names: frozenset[str]) -> None:
    for name, path in _paths(run).items():
        if name not in names:
            path.unlink()


def _states(run: Run) -> dict[str, tuple[int, int, int]]:
    """Tell two contents of a name apart: by inode, since files are replaced, size and time."""
    return {
        name: (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        for name, path in _paths(run).items()
        for stat in [path.stat()]
    }


def _paths(run: Run) -> dict[str, Path]:
    """List the files by their names, without locks and those that are being written."""
    if not run.path.is_dir():
        return {}
    files = (path for path in sorted(run.path.iterdir()) if path.is_file())
    return {
        path.relative_to(run.path).as_posix(): path
        for path in (*files, *run.probes())
        if not path.name.startswith(".")
    }
