"""``bnbench doctor``: what this machine has for bnbench, and what to do about what it lacks."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from contextlib import suppress
from importlib import metadata, util
from pathlib import Path

from bnbench.cli.names import RESULTS
from bnbench.cli.options import DataDir, Json, Results
from bnbench.cli.terminal import show, table
from bnbench.errors import BnbenchError
from bnbench.words import counted

Row = tuple[str, str, str]
"""What was looked at, what was found, and what to do about it (nothing, if all is well)."""

GB = 1e9
NARROW = 80  # columns
LEAST_DISK = 2.0  # GB: MNIST, and the runs of the headline study
GPUS = ("nvidiactl", "dxg", "kfd")  # NVIDIA's, in Windows, AMD's
LEAST_MEMORY = 1.0  # GB, for each run that goes side by side with others


def doctor(results: Results = RESULTS, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Say what bnbench will use on this machine, and what to do about what is missing.

    Example: bnbench doctor
    """
    rows = [
        ("Python", platform.python_version(), ""), ("PyTorch", metadata.version("torch"), ""),
        _device(), _cores(), _memory(), _mnist(data_dir), _digits(), _ray(), _disk(results),
        _home(data_dir), _terminal(),
    ]  # fmt: skip
    show(table(("part", "found", "to do"), rows, whole=("part",)), as_json=as_json)


def _device() -> Row:
    if sys.platform == "linux" and not any(Path("/dev", device).exists() for device in GPUS):
        return "device", "the CPU; no GPU is needed", ""
    import torch  # takes longer than all the rest

    if torch.cuda.is_available():
        return "device", torch.cuda.get_device_name(0), ""
    if torch.backends.mps.is_available():
        return "device", "an Apple GPU (mps)", ""
    remedy = ""
    if shutil.which("nvidia-smi"):
        remedy = "there is an NVIDIA driver, but PyTorch cannot use it: install a CUDA build of it"
    return "device", "the CPU; no GPU is needed", remedy


def _cores() -> Row:
    from bnbench.execution.cores import allowed_cores, available_cores, quota_cores

    quota = quota_cores()
    limit = "" if quota is None else f", and a quota of {quota:g} by the container"
    runs = counted(available_cores(), "run")
    return "cores", f"{allowed_cores()} of {os.cpu_count()} allowed{limit}: {runs} at once", ""


def _memory() -> Row:
    from bnbench.execution.cores import available_cores

    free = _free_memory()
    if free is None:
        return "memory", "unknown on this system", ""
    runs = max(1, int(free / LEAST_MEMORY))
    remedy = f"give --jobs {runs}" if runs < available_cores() else ""
    return "memory", f"{free:.1f} GB free", remedy


def _free_memory() -> float | None:
    """Read how much memory new processes can have, GB; ``None`` where Linux does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return int(sizes["MemAvailable"][0]) * 1024 / GB if "MemAvailable" in sizes else None


def _mnist(data_dir: Path | None) -> Row:
    from bnbench.data import data_folder, find_dataset, raw_folder, verify

    folder, mnist = data_folder(data_dir), find_dataset("mnist")
    try:
        problems = [check.problem for check in verify(mnist, folder) if check.problem]
        where = str(raw_folder(mnist, folder))
    except BnbenchError as error:
        return "MNIST", str(error), "set BNBENCH_DATA_DIR to a folder that can be read"
    if not problems:
        return "MNIST", where, ""
    fetch = "bnbench data fetch" + (f" --data-dir {data_dir}" if data_dir else "")
    return "MNIST", f"not in {where}: {problems[0]}", f"{fetch}; offline: bnbench demo"


def _digits() -> Row:
    if util.find_spec("sklearn") is None:
        return "small digits", "scikit-learn is not installed", "pip install scikit-learn"
    return "small digits", "scikit-learn has them", ""


def _ray() -> Row:
    try:
        return "Ray (cluster)", metadata.version("ray"), ""
    except metadata.PackageNotFoundError:
        return "Ray (cluster)", "not installed", "pip install 'bnbench[ray]'"


def _disk(results: Path) -> Row:
    existing = _existing(results)
    free = shutil.disk_usage(existing).free / GB
    remedies = []
    if free < LEAST_DISK:
        remedies.append("make room, or give another --results")
    if not os.access(existing, os.W_OK):
        remedies.append(f"{existing} cannot be written: give another --results")
    return "disk", f"{free:.0f} GB free for {results}", "; ".join(remedies)


def _existing(folder: Path) -> Path:
    """Find the nearest folder that there is, and may be looked at."""
    for place in (folder.absolute(), *folder.absolute().parents):
        with suppress(OSError):
            if place.is_dir():
                return place
    return Path()


def _home(data_dir: Path | None) -> Row:
    from bnbench.data import data_folder

    folder = data_folder(data_dir)
    if os.access(_existing(folder), os.W_OK):
        return "data folder", str(folder), ""
    return "data folder", f"{folder} cannot be written", "set BNBENCH_DATA_DIR to a folder that can"


def _terminal() -> Row:
    if not sys.stdout.isatty():
        return "terminal", "none: progress line by line", ""
    columns, encoding = shutil.get_terminal_size().columns, sys.stdout.encoding
    remedies = []
    if columns < NARROW:
        remedies.append(f"make it {NARROW} columns wide")
    if not encoding.lower().startswith("utf"):
        remedies.append("set LANG to a UTF-8 locale")
    return "terminal", f"{columns} columns, {encoding}", "; ".join(remedies)
