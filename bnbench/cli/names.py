"""What may be given by name: experiments, studies, runs and keys; and their completion."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.foreign import is_folder
from bnbench.registry import unknown

RESULTS = Path("results")
"""Where runs are, unless a command is told otherwise."""
REFERENCE = RESULTS / "reference"
"""Where a checkout has our own, with their report."""
FEW = 10
"""So many names are read through; where there are more, `bnbench list` says what they are of."""


def run_folder(given: str | Path, results: Path) -> Path:
    """Find a folder of runs by its path, or as ``lenet5`` or ``lenet5/seed-0`` below the results.

    An unknown one is refused with the nearest.
    """
    from bnbench.runs.overview import runs_below  # it takes NumPy
    from bnbench.runs.packed import opened

    places = (opened(Path(given)), opened(opened(results) / given))
    folders = [folder for folder in places if folder.is_dir()]
    if len(folders) > 1:  # a folder here may just have the name of an experiment
        folders.sort(key=lambda folder: not any(runs_below(folder)))
    if folders:
        return folders[0]
    names = run_names(results)
    if not names:
        besides = "" if Path(given) == results else f", and {results} holds no run"
        ours = f"; ours are in {REFERENCE / 'runs'}" if is_folder(REFERENCE) else ""
        raise BnbenchError(
            f"{given}: there is no such folder{besides}; `bnbench train` makes runs, and --results"
            f" names their folder{ours}"
        )
    if not Path(given).name.startswith("seed-"):
        names = {name.rpartition("/")[0] for name in names}
    listed = f"`bnbench list {results}` lists those there are" if len(names) > FEW else ""
    raise unknown("folder or experiment", str(given), names, otherwise=listed)


def run_folders(given: Iterable[str | Path], results: Path) -> list[Path]:
    """Find several folders of runs; see `run_folder`."""
    return [run_folder(name, results) for name in given]


def run_names(results: Path) -> set[str]:
    """List the runs of a results folder, such as ``lenet5/seed-0``."""
    from bnbench.runs.overview import runs_below
    from bnbench.runs.packed import opened

    results = opened(results)
    return {run.path.relative_to(results).as_posix() for run in runs_below(results)}


def complete_experiment(incomplete: str) -> list[str]:
    """Names of configs that begin so."""
    from bnbench.config import named

    return _beginning(named("experiment"), incomplete)


def complete_study(incomplete: str) -> list[str]:
    """Names of studies that begin so."""
    from bnbench.config import named

    return _beginning(named("study"), incomplete)


def complete_run(incomplete: str) -> list[str]:
    """Experiments and runs of the usual results folder that begin so."""
    runs = run_names(RESULTS)
    return _beginning(runs | {name.rpartition("/")[0] for name in runs}, incomplete)


def complete_setting(incomplete: str) -> list[str]:
    """Dotted keys that begin so, up to their equals sign."""
    from bnbench.config.problems import dotted_keys
    from bnbench.config.schema import Experiment

    return _beginning((f"{key}=" for key in dotted_keys(Experiment)), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
