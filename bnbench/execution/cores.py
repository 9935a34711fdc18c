"""How many cores this process may use: by its affinity, and by its container's quota."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath


def available_cores() -> int:
    """Count the cores that runs may fill: those allowed, but no more than the quota, whole ones."""
    quota = quota_cores()
    return allowed_cores() if quota is None else max(1, min(allowed_cores(), int(quota)))


def runs_at_once(threads: Iterable[int]) -> int:
    """Count the runs that the cores hold side by side, each with as many threads as the most."""
    return max(1, available_cores() // max(threads, default=1))


def allowed_cores() -> int:
    """Count the cores that the operating system lets this process run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quota_cores(
    groups: Path = Path("/sys/fs/cgroup"), membership: Path = Path("/proc/self/cgroup")
) -> float | None:
    """Say how much processor time a container grants, in cores.

    Parameters
    ----------
    groups : Path
        Where Linux shows its control groups.
    membership : Path
        Where it says to which of them this process belongs.

    Returns
    -------
    float or None
        The least of the process's group and those around it; ``None`` where nothing is limited.
    """
    quotas = (_quota(folder) for folder in _folders(groups, membership))
    return min((quota for quota in quotas if quota is not None), default=None)


def _folders(groups: Path, membership: Path) -> Iterator[Path]:
    """Name this process's groups, from the inmost out, of version 2 and of version 1's ``cpu``."""
    for line in _text(membership).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / "cpu" if controllers else groups
        inmost = PurePosixPath(path)
        for group in (inmost, *inmost.parents):
            yield root / str(group).lstrip("/")


def _quota(folder: Path) -> float | None:
    """Read one group's limit: microseconds of processor time in a period of so many."""
    quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
    if not quota:
        quota = _text(folder / "cpu.cfs_quota_us").strip()
        period = _text(folder / "cpu.cfs_period_us").strip()
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):  # "max", or no such file
        return None
    return share if share > 0 else None  # version 1 writes -1 for no limit


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
