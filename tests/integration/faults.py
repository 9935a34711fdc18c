"""A process whose file system fails it: at one chosen operation it dies, or finds the disk full.

Operations are counted below one folder: every write, flush, cut, rename, removal and forcing to
disk, each with a fault point before it and after it, and for a write one in its middle.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import torch

CALLS = ("replace", "unlink", "fsync")
LONGEST = 120  # seconds that a child may take before it is ended


@dataclass
class FileSystem:
    """Counts the fault points below `folder`, and does `fault` at the one numbered `at`.

    With `lasting`, every later write fails too, as on a disk that stays full.
    """

    folder: Path
    at: int | None
    fault: Callable[[], None]
    lasting: bool = False
    points: list[str] = field(default_factory=list)

    def point(self, name: str) -> None:
        number = len(self.points)
        self.points.append(name)
        if number == self.at or (self.lasting and self.at is not None and number > self.at):
            self.fault()

    def install(self) -> None:
        """Stand between this process and its files; there is no way back."""
        opened: Any = io.open
        builtins.open = io.open = lambda *given, **named: self._opened(opened, *given, **named)
        for name in CALLS:
            setattr(os, name, self._around(name, getattr(os, name)))

    def _opened(self, opened: Any, path: Any, mode: str = "r", *given: Any, **named: Any) -> Any:
        file = opened(path, mode, *given, **named)
        writes = not isinstance(path, int) and set(mode) & set("wax+")
        if writes and self.folder in Path(os.fsdecode(path)).parents:
            self.point(f"open {_kind(path)}")
            return Watched(file, self, _kind(path))
        return file

    def _around(self, name: str, call: Any) -> Any:
        def counted(path: Any, *given: Any, **named: Any) -> Any:
            ours = name == "fsync" or self.folder in Path(os.fsdecode(path)).parents
            if not ours:
                return call(path, *given, **named)
            label = name if name == "fsync" else f"{name} {_kind((path, *given)[-1])}"
            self.point(f"before {label}")
            result = call(path, *given, **named)
            self.point(f"after {label}")
            return result

        return counted


class Watched:
    """A file open for writing, whose operations are fault points."""

    def __init__(self, file: Any, system: FileSystem, kind: str) -> None:
        self._file, self._system, self._kind = file, system, kind

    def write(self, content: Any) -> int:
        self._system.point(f"before write {self._kind}")
        half = len(content) // 2
        self._file.write(content[:half])
        self._system.point(f"within write {self._kind}")
        self._file.write(content[half:])
        self._system.point(f"after write {self._kind}")
        return len(content)

    def flush(self) -> None:
        self._system.point(f"before flush {self._kind}")
        self._file.flush()
        self._system.point(f"after flush {self._kind}")

    def truncate(self, size: int) -> int:
        self._system.point(f"before cut {self._kind}")
        kept: int = self._file.truncate(size)
        self._system.point(f"after cut {self._kind}")
        return kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Watched:
        self._file.__enter__()
        return self

    def __exit__(self, *error: Any) -> Any:
        return self._file.__exit__(*error)


def _kind(path: Any) -> str:
    """Name a file without its numbers: all checkpoints are alike, and so are names beside."""
    name = Path(os.fsdecode(path)).name
    beside = " beside" if name.startswith(".") else ""
    return f"{name.lstrip('.').split('.')[0].split('-')[0]}{beside}"


def killed() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("outlived SIGKILL")


def full() -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def in_a_child(do: Callable[[], None], kill_after: float | None = None) -> int:
    """Do something in a copy of this process, and give its exit code, negative for a signal.

    A fork costs milliseconds where a new interpreter with PyTorch costs seconds.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the test runner's own threads
        child = os.fork()
    if child == 0:
        signal.alarm(LONGEST)
        torch.set_num_threads(1)  # the others of this process are missing in its copy
        try:
            do()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the copy must not go on as the test runner
            os.write(2, traceback.format_exc().encode())
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
