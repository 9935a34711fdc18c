"""A temporary folder of one command: it goes with it, or with the next one if it was killed.

The command holds a lock in it, which the system takes back when a process ends, however it does.
"""

from __future__ import annotations

import os
import shutil
import weakref
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from filelock import FileLock

PREFIX, LOCK = "bnbench-", "owner.lock"
OWNED = "owned"
"""A file that is there once the lock is held: a folder that is just being made has none."""


def folder_of(owner: object) -> Path:
    """Make a folder that is removed when `owner` is; what killed commands left is removed first.

    A disk that is full is no reason not to go on: such a folder is nobody else's to remove.
    """
    remove_leftovers()
    folder = Path(mkdtemp(prefix=PREFIX))
    lock = FileLock(folder / LOCK, thread_local=False)
    weakref.finalize(owner, _remove, folder, lock)
    with suppress(OSError):
        lock.acquire()
        (folder / OWNED).touch()
    return folder


def remove_leftovers() -> None:
    """Remove this user's folders whose command is gone."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # held, or removed by another command in the meantime
            if _is_mine(folder) and (folder / OWNED).exists():
                with FileLock(folder / LOCK, timeout=0):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_mine(folder: Path) -> bool:
    """Tell a folder of this user; the temporary folder is everybody's, and so are links in it."""
    user = getattr(os, "getuid", int)()  # on Windows the temporary folder is the user's own
    return not folder.is_symlink() and folder.stat().st_uid == user


def _remove(folder: Path, lock: FileLock) -> None:
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
