"""Studies by their files: those that a command is given, and those that claims may name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bnbench.claims import Check
from bnbench.cli.options import HEADLINE
from bnbench.cli.terminal import saying, tell
from bnbench.config import Study, config_file, load_study, named, study_given
from bnbench.config.study import SMALL
from bnbench.errors import BnbenchError, each
from bnbench.findings.registration import registered_files
from bnbench.findings.studies_with_runs import studies_with_runs
from bnbench.report.judged import Judged, judge_studies
from bnbench.runs import opened
from bnbench.runs.packed import STUDIES
from bnbench.words import counted


def load_studies(
    paths: Sequence[Path],
    *,
    small: bool,
    seeds: int | None,
    device: str | None,
    stack: int | None,
) -> list[Study]:
    """Load studies; with several, those that have no small variant are taken in full.

    The problems of all of them are said together.
    """

    def load(path: Path) -> Study:
        study = load_study(path, seeds=seeds, device=device, stack=stack)
        if small and (study.has_small or len(paths) == 1):
            study = load_study(path, small=True, seeds=seeds, device=device, stack=stack)
        _check_seeds(study)
        return study

    return each(load, paths)


def _check_seeds(study: Study) -> None:
    """Refuse a study whose tuning seeds leave none to score what they choose."""
    for best in study.best:
        if best.tuning_seeds >= len(study.seeds):
            raise BnbenchError(
                f"{study.path}: contrasts.{best.name}.tuning_seeds: {best.tuning_seeds} of"
                f" {len(study.seeds)} seeds leave none to score; give --seeds"
                f" {best.tuning_seeds + 1} or more"
            )


def known_studies(paths: Iterable[Path], results: Path) -> list[Study]:
    """Load, in full, all studies that there are: those with names, the given ones, and one's own.

    One's own are those that `bnbench reproduce` has registered in the results folder. The headline
    comes first.
    """
    ours = sorted(named("study").values(), key=lambda path: (path.stem != HEADLINE.name, path))
    given = [config_file(path, "study") for path in paths]
    known = each(load_study, {path.resolve(): path for path in [*ours, *given]}.values())
    names = {study.name for study in known}
    own = {
        file.resolve(): file
        for name, file in registered_files(results).items()
        if name.removesuffix(SMALL) not in names
    }
    return known + each(load_study, own.values())


def judge_results(
    paths: Sequence[Path],
    results: Path,
    seeds: int | None = None,
    *,
    known_too: Sequence[Path] = (),
    tests: Sequence[Mapping[str, str]] = (),
) -> Judged:
    """Judge all claims by the runs of a results folder.

    Parameters
    ----------
    paths : sequence of Path
        Files of the studies to look at; by default all that have runs there, and what is exact is
        checked, too.
    seeds : int, optional
        By default as many as there are.
    known_too : sequence of Path
        Files of studies that are looked at if they have runs there.
    tests : sequence of mapping of str to str
        What the tests of some claims name, to look at no more than these need: if one of their
        studies has runs there, others are not read; if all of them check what is exact, a folder
        without runs is judged, too.
    """
    only = {test["study"] for test in tests if "study" in test}
    exact = not tests or any("check" in test for test in tests)
    folder, results = results, opened(results)
    known = known_studies([*paths, *known_too], results)
    if not (paths or tests):
        _tell_of_unknown(known, results)
    files = [Path(study.path) for study in known]
    first = [] if paths else [Path(study.path) for study in known if study.name in only]
    studies = studies_with_runs(first, results, seeds, started=True)
    studies = studies or studies_with_runs(paths or files, results, seeds, started=not paths)
    if not studies and (only or not tests):
        others = studies_with_runs(files, results, started=True) if paths else []
        names = ", ".join(study.name for study in others)
        held = f"no run of {', '.join(map(str, paths)) or 'a study'}"
        held += f", but of {names}" * bool(others)
        raise BnbenchError(
            f"{folder}: holds {held}; `{_reproduce(paths, first)}` makes"
            " them, and --results names their folder"
        )
    studies = [study for study in studies if study.name.removesuffix(SMALL) in only] or studies
    runs = sum(len(study.experiments) * len(study.seeds) for study in studies)
    of = studies[0].name if len(studies) == 1 else f"{len(studies)} studies"
    with saying(f"reading {counted(runs, 'run')} of {of}"):
        return judge_studies(
            studies, known, results, _run_checks() if exact and not paths else None
        )


def _reproduce(paths: Sequence[Path], wanted: Sequence[Path]) -> str:
    """Write the command that makes the runs of given studies, or of those that claims want."""
    studies = map(str, paths) if paths else (study_given(str(path)) for path in wanted)
    return " ".join(["bnbench reproduce", *studies])


def _tell_of_unknown(known: Iterable[Study], results: Path) -> None:
    """Name the studies with runs that are left out because nobody knows their files."""
    written = {file.stem.removesuffix(SMALL) for file in (results / STUDIES).glob("*.json")}
    if unknown := sorted(written.difference(study.name for study in known)):
        files, them = ("files are", "them") if len(unknown) > 1 else ("file is", "it")
        tell(f"not judged: {', '.join(unknown)}, whose {files} not here; name {them} as well")


def _run_checks() -> Mapping[str, Check]:
    from bnbench.checks import run_checks  # it takes PyTorch

    return run_checks()
