"""Splits that many processes read: decoded by the first, mapped into memory by all.

MNIST at 32 x 32 pixels is 287 MB and half a second's work. Mapped it is in memory once, however
many runs go on side by side, and made once a command instead of once a run.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from bnbench.config import DataSettings
from bnbench.data.splits import Split, Splits, load_splits

NAMES = ("train", "validation", "test")


def shared_splits(settings: DataSettings, folder: Path, channels: int, shared: Path) -> Splits:
    """Load splits as `load_splits` does, or map those that another process has decoded.

    Parameters
    ----------
    settings, folder, channels
        See `load_splits`.
    shared : Path
        A folder of processes that trust each other. Where there is no room in it, each process
        has its own copy.

    Returns
    -------
    Splits
        Writing to them would change this process's alone.
    """
    key = hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:16]
    path = shared / f"{key}.pt"
    with FileLock(f"{path}.lock"):
        if path.exists():
            splits = _map(path)
        else:
            splits = load_splits(settings, folder)
            with suppress(OSError, RuntimeError):  # torch.save has either for a full disk
                _store(splits, path)
    return _with_channels(splits, channels)


def _store(splits: Splits, path: Path) -> None:
    """Write to the system's cache, not to the disk: the file ends with the command."""
    content = vars(splits) | {name: _tensors(getattr(splits, name)) for name in NAMES}
    beside = path.with_suffix(".beside")
    try:
        torch.save(content, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _map(path: Path) -> Splits:
    content = torch.load(path, mmap=True, weights_only=True)
    return Splits(**content | {name: _split(content[name]) for name in NAMES})


def _tensors(split: Split | None) -> dict[str, torch.Tensor] | None:
    return None if split is None else vars(split)


def _split(tensors: dict[str, Any] | None) -> Split | None:
    return None if tensors is None else Split(**tensors)


def _with_channels(splits: Splits, channels: int) -> Splits:
    """Repeat the grey channel so many times, without a copy."""

    def repeated(split: Split) -> Split:
        return replace(split, images=split.images.expand(-1, channels, -1, -1))

    return replace(
        splits,
        train=repeated(splits.train),
        validation=repeated(splits.validation),
        test=repeated(splits.test) if splits.test else None,
    )
