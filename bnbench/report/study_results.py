"""Everything that is made of studies' runs: tables, verdicts, and the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd

from bnbench.claims import claims_table
from bnbench.config import Metric, Study
from bnbench.config.label import Label
from bnbench.findings import StudyFindings, StudyRuns, contrasts_table, values_table
from bnbench.findings.levels import level_of
from bnbench.findings.names import study_title
from bnbench.findings.predictions import compare_predictions
from bnbench.findings.study_runs import replicated_in
from bnbench.findings.tables import metrics_of_arms
from bnbench.report.answers import answer_rows, answers_table
from bnbench.report.appendix import appendix, read_appendix
from bnbench.report.claim_part import claims_part
from bnbench.report.curves import accuracy_table, stack
from bnbench.report.figures import KINDS, Picture, draw_all
from bnbench.report.figures.figure import Source
from bnbench.report.files import write_table, writing
from bnbench.report.judged import Judged, registrations
from bnbench.report.latex import answer_table, latex_tables, page_tables
from bnbench.report.mechanisms import mechanisms_table
from bnbench.report.page import Page
from bnbench.report.study_part import study_part
from bnbench.runs import write_text


def experiments_with_predictions(studies: Sequence[Study]) -> set[str]:
    """Name the experiments of contrasts of test accuracy which a study set out to confirm.

    Their answers to the test file are worth keeping: 20 kB a run.
    """
    return _compared(studies, lambda metric: metric.text == "test_accuracy", confirmatory=True)


def experiments_with_losses(studies: Sequence[Study]) -> set[str]:
    """Name the experiments whose losses a study's contrasts measure, or a figure shows."""
    replicas = {
        experiment.experiment
        for study in studies
        for experiment in study.experiments
        if replicated_in(study, experiment)
    }
    return replicas | _compared(studies, lambda metric: metric.quantity.source == "losses")


def measured_by_probes(studies: Iterable[StudyRuns]) -> dict[Path, dict[str, float]]:
    """Lay out what probes said of each run, by its folder and the metrics of its studies.

    A run that was looked into is there, too, if nothing was measured of it.
    """
    measured: dict[Path, dict[str, float]] = {}
    for runs in studies:
        for label, metrics in metrics_of_arms(runs.study).items():
            arm = runs.arms[label]
            levels = [level_of(arm, metric) for metric in metrics if metric.quantity.probe]
            for seed, run in arm.runs.items() if arm.experiment.probes else ():
                said = {
                    level.metric.text: level.values[seed]  # noqa: PD011 -- a dict
                    for level in levels
                    if seed in level.values  # noqa: PD011 -- a dict
                }
                measured.setdefault(run.run.path, dict(run.measured)).update(said)
    return measured


def _compared(
    studies: Sequence[Study], by: Callable[[Metric], bool], *, confirmatory: bool = False
) -> set[str]:
    """Name the experiments of contrasts on some metrics, of all or only those to confirm."""
    return {
        study.arms[label].experiment.experiment
        for study in studies
        for contrast in study.contrasts
        if contrast.confirmatory or not confirmatory
        if any(map(by, contrast.metrics))
        for label in contrast.labels
    }


def write_study_tables(judged: Judged, out: Path, *, lean: bool = False) -> list[Path]:
    """Write ``contrasts.csv``, ``values.csv`` (one row a run and metric) and ``verdicts.csv``.

    A ladder has no contrast by a name: without any, there is no ``contrasts.csv``. Lean, the first
    two are compressed, with ``.xz`` behind their names.
    """
    end = ".xz" if lean else ""
    tables = {
        f"contrasts.csv{end}": stack([contrasts_table(found.all) for found in judged.findings]),
        f"values.csv{end}": stack([values_table(runs) for runs in judged.runs]),
        "verdicts.csv": claims_table(judged.judgements),
    }
    with writing(out):
        return [write_table(table, out / name) for name, table in tables.items() if not table.empty]


def report_page(judged: Judged) -> Page:
    """Lay out the report: studies as their questions stand, then the others by their titles."""
    parts = zip(judged.runs, judged.findings, registrations(judged).values(), strict=True)
    questions = answer_rows(judged.findings)
    asked = [*dict.fromkeys(row.section for row in questions)]

    def place_of(part: tuple[StudyRuns, StudyFindings, str]) -> tuple[int, str]:
        title = study_title(part[0].study)
        return asked.index(title) if title in asked else len(asked), title.lower()

    pairs = sorted(parts, key=place_of)
    several = len(judged.findings) > 1  # and then no page has room for what each run is made with
    return Page(
        studies=tuple(
            study_part(
                found,
                _pictures(runs, found, leads=not place),
                compare_predictions(runs),
                registered,
            )
            for place, (runs, found, registered) in enumerate(pairs)
        ),
        questions=tuple(questions),
        claims=claims_part(judged.judgements, [found.study.name for found in judged.findings]),
        listings=() if several else tuple(appendix(read_appendix(judged.every_run))),
    )


def _pictures(runs: StudyRuns, found: StudyFindings, *, leads: bool) -> Sequence[Picture]:
    """Draw a study; behind the first one without curves, a third of a page, if it has others."""
    source = Source(found, _curves(runs), runs)
    if not leads and (others := draw_all(source, without=("curves",))):
        return others
    return draw_all(source)


def write_answers(judged: Judged, path: Path) -> None:
    """Write the table of answers, which README shows."""
    with writing(path.parent):
        write_text(path, answers_table(judged.findings))


def write_latex(page: Page, out: Path) -> list[Path]:
    """Write the tables of contrasts, ``contrasts.tex``, and of answers, where there are any."""
    answers = [answer_table(page.questions)] if page.questions else []
    tables = {"contrasts": page_tables(page), "answers": answers}
    with writing(out):
        for name, those in tables.items():
            if those:
                write_text(out / f"{name}.tex", latex_tables(those))
    return [out / f"{name}.tex" for name, those in tables.items() if those]


def write_mechanisms(judged: Judged, out: Path) -> None:
    """Write ``mechanisms.md`` and the figures of ``mechanisms/``, where studies have probes."""
    studies = [runs for runs in judged.runs if any(run.experiment.probes for run in runs.runs)]
    if not studies:
        return
    found = {findings.study.name: findings for findings in judged.findings}
    sources = [Source(found[runs.study.name], pd.DataFrame(), runs) for runs in studies]
    kinds = [kind for kind in KINDS.values() if kind.probe]
    with writing(out):
        write_text(out / "mechanisms.md", mechanisms_table(judged.judgements, studies))
        for source in sources:
            for picture in (picture for kind in kinds for picture in kind.draw(source)):
                write_text(out / "mechanisms" / f"{picture.name}.svg", picture.svg)


def _curves(runs: StudyRuns) -> pd.DataFrame:
    """Lay out the accuracies per epoch of each experiment that is no point of a grid."""
    arms = {
        arm.experiment.experiment: arm
        for label, arm in runs.arms.items()
        if arm.runs and not Label.parse(label).point
    }
    return accuracy_table(list(arms.values()))
