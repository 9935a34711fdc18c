"""Folders of runs, given by their path or by the name that they have under the results folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.registry import unknown


def run_folder(given: str | Path, results: Path) -> Path:
    """Find a folder of runs by its path, or as ``lenet5`` or ``lenet5/seed-0`` below the results.

    Raises
    ------
    BnbenchError
        If there is none; the line names the nearest.
    """
    for folder in (Path(given), results / given):
        if folder.is_dir():
            return folder
    names = run_names(results)
    if not names:
        raise BnbenchError(
            f"{given}: there is no such folder, and {results} holds no run; `bnbench train` makes"
            " runs, and --results names their folder"
        )
    if not Path(given).name.startswith("seed-"):
        names = {name.rpartition("/")[0] for name in names}
    raise unknown("folder or experiment", str(given), names)


def run_folders(given: Iterable[str | Path], results: Path) -> list[Path]:
    """Find several folders of runs; see `run_folder`."""
    return [run_folder(one, results) for one in given]


def run_names(results: Path) -> set[str]:
    """List the runs of a results folder, such as ``lenet5/seed-0``."""
    return {
        path.parent.relative_to(results).as_posix()
        for path in results.glob("**/seed-*/manifest.json")
    }
