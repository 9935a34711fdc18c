"""The report on studies: one HTML file that opens offline, and the same in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bnbench.errors import BnbenchError
from bnbench.findings.results import StudyFindings
from bnbench.report import html, markdown
from bnbench.report.appendix import AppendixRun, appendix
from bnbench.report.document import Document, Lines, Paragraph, Section, pictures_of
from bnbench.report.files import writing
from bnbench.report.names import spoken
from bnbench.report.study_answer import answer
from bnbench.report.study_section import study_section
from bnbench.report.verdicts import ARTICLES, VerdictRow, counted, verdict_table
from bnbench.runs import write_text

READING = (
    "Differences are treatment minus baseline, paired by seed. Accuracies are in percent, their"
    " differences in percentage points (pp), losses in nats.",
    "95 % t interval: where the mean difference over all seeds may lie. It decides; the bootstrap"
    " interval (BCa, or percentile below 8 seeds) is a check.",
    "Exact p: the share of sign flips of the differences that give as large a mean. Adjusted p:"
    " by Holm over what a study set out to confirm, by Benjamini and Hochberg over a sweep.",
    "d_z: mean difference over the standard deviation of the differences.",
    "Smallest detectable: the true difference that so many seeds find 9 times in 10. n needed: the"
    " seeds that find the smallest effect of interest as often.",
    "Kendall's tau of a run's accuracies against its epochs is 1 where every epoch is above all"
    " before it.",
    "Equivalent: two one-sided tests show that the difference is smaller than what matters.",
    "A published single run is judged by the 95 % prediction interval, where one further run"
    " falls.",
    "A time is infinite (never) where a threshold is not reached, so that medians and ratios of"
    " medians stand for means. Failed runs count: at chance accuracy, and as never arriving.",
)


@dataclass(frozen=True, eq=False)
class ReportedStudy:
    """What a report shows of one study.

    Attributes
    ----------
    findings : StudyFindings
    curves : DataFrame
        Of its experiments, as `bnbench.report.curves.accuracy_table` returns it; empty: no
        figure of accuracies per epoch.
    """

    findings: StudyFindings
    curves: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"experiment": []}))


def write_report(
    studies: Sequence[ReportedStudy],
    verdicts: Sequence[VerdictRow],
    runs: Sequence[AppendixRun],
    out: Path,
    *,
    with_markdown: bool = False,
    lean: bool = False,
) -> list[Path]:
    """Write the report, the same bytes for the same findings.

    Parameters
    ----------
    studies : sequence of ReportedStudy
        In the order in which they are shown.
    verdicts : sequence of VerdictRow
    runs : sequence of AppendixRun
        See `bnbench.report.appendix.read_appendix`.
    out : Path
        The HTML file.
    with_markdown : bool, default False
        Write the same beside it as ``<stem>.md``, its figures into the folder ``<stem>-figures``.
    lean : bool, default False
        Leave figures and appendix to the HTML file: for git, which keeps both.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    BnbenchError
        If `out` names no HTML file, or cannot be written.
    """
    if out.suffix not in (".html", ".htm"):
        raise BnbenchError(f"{out}: must be an HTML file; give --out a name such as report.html")
    document = report_document(studies, verdicts, runs)
    with writing(out.parent):
        write_text(out, html.render(document))
        if not with_markdown:
            return [out]
        if not lean:
            return [out, *_write_markdown(document, out)]
        text = markdown.render(report_document(studies, verdicts, ()))
        write_text(out.with_suffix(".md"), text)
        return [out, out.with_suffix(".md")]


def report_document(
    studies: Sequence[ReportedStudy],
    verdicts: Sequence[VerdictRow],
    runs: Sequence[AppendixRun],
) -> Document:
    """Lay the report out: answers, verdicts, how to read it, the studies, the appendix."""
    found = [study.findings for study in studies]
    sections = [
        Section("Questions and answers", sections=tuple(_answer(one) for one in found)),
        *([_verdicts(verdicts)] if verdicts else ()),
        Section("How to read the numbers", (Lines(READING),)),
        *[study_section(one.findings, one.curves) for one in studies],
        *([appendix(runs)] if runs else ()),
    ]
    return Document("Does batch norm help? Published claims and their re-runs", tuple(sections))


def _answer(found: StudyFindings) -> Section:
    study = found.study
    blocks = [Paragraph(study.question), Paragraph(answer(found))]
    if study.gives_up:
        blocks.append(Paragraph(f"Small variant, which gives up: {study.gives_up}."))
    return Section(spoken(study.name), tuple(blocks))


def _verdicts(verdicts: Sequence[VerdictRow]) -> Section:
    count = Paragraph(f"{counted(verdicts)}.")
    return Section("Verdicts", (count, Lines(ARTICLES), verdict_table(verdicts)))


def _write_markdown(document: Document, out: Path) -> list[Path]:
    folder = out.with_name(f"{out.stem}-figures")
    paths = [out.with_suffix(".md")]
    for picture in pictures_of(document.sections):
        paths.append(folder / f"{picture.name}.svg")
        write_text(paths[-1], picture.svg)
    write_text(paths[0], markdown.render(document, figures=folder.name))
    return paths
