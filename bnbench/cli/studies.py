"""Studies by their files: those that a command is given, and those that claims may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bnbench.claims import Check
from bnbench.cli.options import HEADLINE
from bnbench.config import Study, config_file, load_study, named
from bnbench.errors import BnbenchError
from bnbench.findings.studies_with_runs import studies_with_runs
from bnbench.report.study_results import Judged, judge_studies


def load_studies(
    paths: Sequence[Path],
    *,
    small: bool,
    seeds: int | None,
    device: str | None = None,
    stack: int | None = None,
) -> list[Study]:
    """Load studies; with several, those that have no small variant are taken in full.

    Raises
    ------
    BnbenchError
        With the problems of all of them.
    """

    def load(path: Path) -> Study:
        study = load_study(path, seeds=seeds, device=device, stack=stack)
        if small and (study.has_small or len(paths) == 1):
            study = load_study(path, small=True, seeds=seeds, device=device, stack=stack)
        _check_seeds(study)
        return study

    return _all(load, paths)


def _check_seeds(study: Study) -> None:
    """Refuse a study whose tuning seeds leave none to score what they choose."""
    for best in study.best:
        if best.tuning_seeds >= len(study.seeds):
            raise BnbenchError(
                f"{study.path}: contrasts.{best.name}.tuning_seeds: {best.tuning_seeds} of"
                f" {len(study.seeds)} seeds leave none to score; give --seeds"
                f" {best.tuning_seeds + 1} or more"
            )


def known_studies(paths: Iterable[Path]) -> list[Study]:
    """Load, in full, the given studies and those that have names, the headline first."""
    ours = sorted(named("study").values(), key=lambda path: (path.stem != HEADLINE.name, path))
    given = [config_file(path, "study") for path in paths]
    files = {path.resolve(): path for path in [*given, *ours]}
    return _all(load_study, files.values())


def judge_results(paths: Sequence[Path], results: Path, seeds: int | None = None) -> Judged:
    """Judge all claims by the runs of a results folder.

    Parameters
    ----------
    paths : sequence of Path
        Files of the studies to look at; by default all that have runs there, and what is exact is
        checked, too.
    results : Path
    seeds : int, optional
        By default as many as there are.

    Raises
    ------
    BnbenchError
        If none of the studies has a run, or a file is wrong.
    """
    known = known_studies(paths)
    files = [Path(study.path) for study in known]
    studies = studies_with_runs(paths or files, results, seeds, started=not paths)
    if not studies:
        others = studies_with_runs(files, results, started=True) if paths else []
        names = ", ".join(study.name for study in others)
        held = f"no run of {', '.join(map(str, paths))}, but of {names}" if others else ""
        raise BnbenchError(
            f"{results}: holds {held or 'no run of a study'}; `bnbench reproduce` makes them, and"
            " --results names their folder"
        )
    return judge_studies(studies, known, results, None if paths else _run_checks())


def _run_checks() -> Mapping[str, Check]:
    from bnbench.checks import run_checks  # it takes PyTorch

    return run_checks()


def _all(load: Callable[[Path], Study], paths: Iterable[Path]) -> list[Study]:
    studies: list[Study] = []
    problems: list[str] = []
    for path in paths:
        try:
            studies.append(load(path))
        except BnbenchError as error:
            problems += error.problems
    if problems:
        raise BnbenchError(*problems)
    return studies
