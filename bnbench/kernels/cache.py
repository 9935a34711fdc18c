"""Where compiled kernels are kept: a folder that can be written, of this user's, for these sources.

Numba's own choice is beside the source, which may be read-only, or the user's home, which may be
missing. What lies there is code that is run, so nobody else's folder will do.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

SOURCES = (
    "recipe.py", "job.py", "box.py", "atomic.py", "tiles.py", "loops.py", "cross_entropy.py",
    "gather.py",
)  # fmt: skip


def use_cache() -> None:
    """Tell Numba its folder, before it compiles or loads anything."""
    import numba
    from numba.core.registry import cpu_target

    parent = next((one for one in _candidates() if _is_ours(one)), None)
    if parent is None:  # nowhere to keep anything: compiled for this process alone
        parent = Path(tempfile.mkdtemp(prefix="bnbench-kernels-"))
    machine = cpu_target.target_context.codegen().magic_tuple()
    # Numba itself looks at the file of the function alone; tiles are in another.
    sources = [Path(__file__).with_name(name).read_text(encoding="utf-8") for name in SOURCES]
    text = repr((numba.__version__, machine, sources))
    folder = parent / hashlib.sha256(text.encode()).hexdigest()[:16]
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


def folder() -> Path:
    """Look up the folder that is in use."""
    from numba import config

    return Path(config.CACHE_DIR)  # type: ignore[attr-defined]


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen)
    with suppress(RuntimeError):  # no home
        yield user_cache_path("bnbench", appauthor=False) / "kernels"
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    yield Path(tempfile.gettempdir()) / f"bnbench-kernels-{user}"


def _is_ours(folder: Path) -> bool:
    """Make the folder where it is missing; tell whether it is this user's alone to write.

    A link is not: its target may be changed by who made it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return False
    if folder.is_symlink() or not os.access(folder, os.W_OK | os.X_OK):
        return False
    return not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & 0o022
    )
