"""From a study's runs to its findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from bnbench.config import Study
from bnbench.findings.best import compare_best
from bnbench.findings.contrasts import compare_changes, compare_planned
from bnbench.findings.multiplicity import Name, adjust, main_questions
from bnbench.findings.published_points import published_points
from bnbench.findings.results import BestFinding, Finding, RunNote, StudyFindings
from bnbench.findings.study_runs import StudyRuns, read_study


def find(study: Study, results: Path) -> StudyFindings:
    """Say what a study's runs say.

    Parameters
    ----------
    results : Path
        Folder of ``<experiment>/seed-<n>``.

    Returns
    -------
    StudyFindings
        Defined for whatever is there already, down to nothing.
    """
    return findings_of(read_study(study, results))


def findings_of(runs: StudyRuns) -> StudyFindings:
    """Say what runs say that have been read already; see `find`."""
    study = runs.study
    contrasts, best, changes = _adjusted(
        compare_planned(runs, study.contrasts),
        compare_best(runs),
        compare_changes(runs),
        main_questions(study),
    )
    return StudyFindings(
        study=study,
        contrasts=contrasts,
        best=best,
        changes=changes,
        published=tuple(published_points(runs)),
        missing=runs.missing,
        failed=tuple(_failures(runs)),
    )


def _adjusted(
    contrasts: list[Finding], best: list[BestFinding], changes: list[Finding], main: set[Name]
) -> tuple[tuple[Finding, ...], tuple[BestFinding, ...], tuple[Finding, ...]]:
    """Adjust the p values of all kinds together."""
    scored = [finding for chosen in best for finding in chosen.findings]
    adjusted = iter(adjust([*contrasts, *scored, *changes], main))
    return (
        tuple(islice(adjusted, len(contrasts))),
        tuple(
            replace(chosen, findings=tuple(islice(adjusted, len(chosen.findings))))
            for chosen in best
        ),
        tuple(adjusted),
    )


def _failures(runs: StudyRuns) -> Iterator[RunNote]:
    """Name the runs that failed, and how."""
    for run in runs.runs:
        if run.failed:
            why = f" ({run.why_diverged})" if run.diverged else ""
            yield RunNote(run.experiment.experiment, run.seed, run.how_it_failed + why)
