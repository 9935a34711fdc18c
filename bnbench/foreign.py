"""Files that may come from anywhere: regular ones of a bounded size, or one line that says why."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from errno import EACCES, EINVAL, EIO, EPERM, ESTALE
from io import BufferedReader
from pathlib import Path

from bnbench.errors import BnbenchError

MEBIBYTE = 1 << 20
PART = 1 << 16
"""Bytes that are read at a time: for more, Python would ask the system for fresh memory."""


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


def open_regular(path: Path | str) -> BufferedReader:
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


def parts_of(file: BufferedReader, most_bytes: int) -> Iterator[bytes]:
    """Read a file part by part, but no more than so many bytes of it."""
    while most_bytes > 0 and (part := file.read(min(PART, most_bytes))):
        most_bytes -= len(part)
        yield part


def unreadable(path: Path, error: BaseException) -> BnbenchError:
    """Say in one line why a file cannot be read."""
    why = getattr(error, "strerror", None) or type(error).__name__
    return BnbenchError(f"{path}: cannot be read ({why})")


CLOSED = (EACCES, EPERM, EIO, ESTALE)
"""What a file system answers where there may be something that cannot be looked at."""


def there_is(path: Path) -> bool:
    """Whether anything has this name, a dangling link too; nothing has one that is no name."""
    return _looked_at(path, path.lstat) is not None


def is_folder(path: Path) -> bool:
    """Whether this is a folder, or a link to one."""
    found = _looked_at(path, path.stat)
    return found is not None and stat.S_ISDIR(found.st_mode)


def is_regular(path: Path) -> bool:
    """Whether this is a regular file, or a link to one."""
    found = _looked_at(path, path.stat)
    return found is not None and stat.S_ISREG(found.st_mode)


def _looked_at(path: Path, look: Callable[[], os.stat_result]) -> os.stat_result | None:
    """Look at a file, if there is one; what may be another user's secret is not called absent."""
    try:
        return look()
    except OSError as error:
        if error.errno in CLOSED:
            raise unreadable(path, error) from None
    except ValueError:  # a NUL, or half of a surrogate pair
        pass
    return None


def entries(folder: Path, pattern: str = "*") -> list[Path]:
    """List what a folder holds by these names; `Path.glob` finds nothing where it may not look."""
    try:
        return sorted(path for path in folder.iterdir() if path.match(pattern))
    except OSError as error:
        raise unreadable(folder, error) from None


def regular_files(folder: Path) -> set[str]:
    """Name the regular files in a folder, and links to such; of no folder none.

    One look at the folder, in place of one at each file.
    """
    try:
        with os.scandir(folder) as found:
            return {entry.name for entry in found if entry.is_file()}
    except OSError as error:
        if error.errno in CLOSED:
            raise unreadable(folder, error) from None
    except ValueError:  # a NUL, or half of a surrogate pair
        pass
    return set()


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
        if path.exists():
            raise BnbenchError(f"{where}{path}: is a file; name the folder that holds it")
        raise BnbenchError(f"{where}{path}: is no folder (looked for in {Path.cwd()})")
    return path
