"""What all exports have in common: an extra that may be missing, a file that may be there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from bnbench.errors import BnbenchError


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Refuse to write over something, and to write into a folder that is not there."""
    if not overwrite and (path.exists() or path.is_symlink()):
        raise BnbenchError(f"{path}: is there already; choose another name, or give --overwrite")
    if not path.parent.is_dir():
        raise BnbenchError(f"{path.parent}: is no folder; make it first")


def extra(module: str, name: str) -> ModuleType:
    """Import a module of an extra, which may not be installed."""
    try:
        return import_module(module)
    except ImportError as error:
        raise BnbenchError(f"this needs {error.name}: pip install 'bnbench[{name}]'") from None
