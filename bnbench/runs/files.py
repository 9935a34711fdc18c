"""A file is either whole or absent: write beside, flush, rename."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to, and rename it to `path` when the block succeeds.

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
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes have left beside; only whoever alone writes to `folder` may."""
    for beside in folder.glob(".*.beside-*"):
        beside.unlink()


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")
