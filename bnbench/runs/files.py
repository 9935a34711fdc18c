"""A file is either whole or absent: write beside, flush, rename."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ON_WINDOWS = os.name == "nt"
PATIENCE = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds between two tries to rename a file."""


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write to a path beside `path`, which is renamed to it when the block succeeds.

    Parameters
    ----------
    path : Path
        The file to create or replace. Its folder is made where it is missing.

    Yields
    ------
    Path
        A name in the same folder, so that the rename is atomic. Removed if the block raises.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody can know: a link planted under it would be followed, and its target
    # overwritten. The suffix stays last, since matplotlib takes the format from it.
    beside = path.with_name(f".{path.stem}.beside-{secrets.token_hex(8)}{path.suffix}")
    try:
        yield beside
        _force_to_disk(beside)
        rename(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _force_to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)  # Windows does so with what is open for writing only
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def force_to_disk(paths: Iterable[Path]) -> None:
    """Wait until many files are on disk: one by one that takes some milliseconds a file.

    Where the system can, everything that waits to be written is, other programs' files too.
    """
    if hasattr(os, "sync"):
        os.sync()
        return
    for path in filter(Path.is_file, paths):
        _force_to_disk(path)


def rename(beside: Path, path: Path) -> None:
    """Rename a file or a folder.

    If need be again: on Windows a virus scanner holds a new file for a moment.
    """
    for seconds in PATIENCE:
        try:
            beside.replace(path)
        except PermissionError:
            if not ON_WINDOWS:
                raise
            time.sleep(seconds)
        else:
            return
    beside.replace(path)


def remove_unfinished(folder: Path, older_than: float = 0.0) -> None:
    """Remove what killed processes have left beside, if it is older than so many seconds.

    Only whoever alone writes to `folder` may remove what is new.
    """
    for beside in folder.glob(".*.beside-*"):
        with suppress(FileNotFoundError):  # somebody else has done it
            if time.time() - beside.lstat().st_mtime >= older_than:
                beside.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with written_whole(path) as beside:
        beside.write_bytes(content)
