"""Which studies a results folder has runs of, in which variant, with how many seeds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bnbench.config import Study, load_study
from bnbench.foreign import is_folder
from bnbench.runs.directory import runs_of


def studies_with_runs(
    files: Iterable[Path],
    results: Path,
    seeds: int | None = None,
    *,
    started: bool = False,
    small: bool = False,
) -> list[Study]:
    """Load the studies that a results folder has runs of.

    Parameters
    ----------
    files : iterable of Path
        Of studies.
    seeds : int, optional
        Look at so many; by default at the study's own, and at all that there are beyond.
    started : bool, default False
        Leave out a study of which nothing can be compared: another may share its experiments.
    small : bool, default False
        Look at the small variants alone.

    Returns
    -------
    list of Study
        Each in full or in its small variant, whichever has more of its experiments there.
    """
    found = []
    for path in files:
        full = load_study(path)
        variants = [full, load_study(path, small=True)] if full.has_small else [full]
        if small:
            variants = variants[-1:]
        chosen = max(variants, key=lambda study: _share(study, results))
        if _share(chosen, results) and not (started and not _comparable(chosen, results)):
            count = seeds or max(len(chosen.seeds), _seeds_there(chosen, results))
            found.append(load_study(path, small=chosen is not full, seeds=count))
    return found


def _seeds_there(study: Study, results: Path) -> int:
    """Count the seeds of a study, from 0, up to the largest that has a run."""
    folders = (results / known.experiment for known in study.experiments)
    return max((1 + seed for folder in folders for seed in _run_seeds(folder)), default=0)


def _comparable(study: Study, results: Path) -> bool:
    """Say whether two arms of a contrast share a seed, and runs are not all another study's."""
    names = [known.experiment for known in study.experiments]
    own = [name for name in names if name.startswith(f"{study.name}/")]
    if own and not any(_run_seeds(results / name) for name in own):
        return False
    seeds = {
        label: set(_run_seeds(results / arm.experiment.experiment))
        for label, arm in study.arms.items()
    }
    return any(seeds[contrast.treatment] & seeds[contrast.baseline] for contrast in study.contrasts)


def _share(study: Study, results: Path) -> float:
    """Measure the share of a study's experiments that have a run."""
    run_seeds = [_run_seeds(results / known.experiment) for known in study.experiments]
    return sum(bool(seeds) for seeds in run_seeds) / len(run_seeds)


def _run_seeds(folder: Path) -> list[int]:
    runs = runs_of(folder) if is_folder(folder) else []
    numbers = [run.path.name.removeprefix("seed-") for run in runs]
    return [int(number) for number in numbers if number.isdecimal()]
