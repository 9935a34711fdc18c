"""Files that may come from anywhere: regular ones of a bounded size, or one line that says why."""

from __future__ import annotations

import os
import stat
from errno import EINVAL
from pathlib import Path
from typing import BinaryIO

from bnbench.errors import BnbenchError

MEBIBYTE = 1 << 20


def read_foreign(path: Path, most_bytes: int) -> bytes:
    """Read a whole file.

    Parameters
    ----------
    most_bytes : int
        A larger file is refused before it is read, and so is one that never ends.
    """
    try:
        with open_regular(path) as file:
            content = file.read(most_bytes + 1)
    except (OSError, MemoryError) as error:
        raise unreadable(path, error) from None
    refuse_larger(path, len(content), most_bytes)
    return content


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; a pipe or a device is never waited for.

    Raises
    ------
    OSError
        As `open`, or if it is no regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except ValueError as error:  # a NUL in the name, or half of a surrogate pair
        raise OSError(EINVAL, str(error)) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(EINVAL, "Is no regular file")
    return os.fdopen(descriptor, "rb")


def refuse_larger(path: Path, size: int, most_bytes: int) -> None:
    """Refuse a file of more bytes than such a file ever has."""
    if size > most_bytes:
        raise BnbenchError(
            f"{path}: is larger than {most_bytes / MEBIBYTE:g} MiB, the most that is read of it"
        )


def unreadable(path: Path, error: BaseException) -> BnbenchError:
    """Say in one line why a file cannot be read."""
    why = getattr(error, "strerror", None) or type(error).__name__
    return BnbenchError(f"{path}: cannot be read ({why})")


def there_is(path: Path) -> bool:
    """Whether anything has this name, a dangling link too; nothing has one that is no name."""
    try:
        return path.exists() or path.is_symlink()
    except (OSError, ValueError):
        return False


def folder_of(name: str, place: str = "") -> Path:
    """Find a folder that a config names, from where the command is given.

    Parameters
    ----------
    name : str
        A path; ``~`` is the home folder.
    place : str, default ""
        Where the name was written, for the error.
    """
    where = f"{place}: " if place else ""
    try:
        path = Path(name).expanduser()
        there = path.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # too long; a user whom nobody knows
        raise BnbenchError(f"{where}{name}: is no folder ({error})") from None
    if not there:
        raise BnbenchError(f"{where}{path}: is no folder (looked for in {Path.cwd()})")
    return path
