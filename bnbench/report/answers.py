"""The answers to studies' short questions, as published and as corrected: rows, and a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bnbench.claims import ClaimTest, brief_tests
from bnbench.findings.names import study_title
from bnbench.findings.results import StudyFindings
from bnbench.report.markdown import rendered

WHAT_UNDECIDED_MEANS = (
    "neither a difference that counts (usually 0.1 pp or more, with an adjusted p below 0.05) is"
    " shown, nor that there is none"
)
"""What it means that a question is not decided."""


@dataclass(frozen=True)
class BriefAnswer:
    """One answer to a short question.

    Attributes
    ----------
    word : str
        Yes, no, not decided or open; empty where the recipe is not asked.
    number : str
        What was found, with its interval; ``not run`` without runs.
    n : int
        Seeds behind it.
    """

    word: str
    number: str = ""
    n: int = 0


@dataclass(frozen=True)
class AnswerRow:
    """A short question, what is measured for it, and what the runs of either recipe answer.

    Attributes
    ----------
    section : str
        Title of its study's part of the report.
    """

    question: str
    section: str
    measured: str
    reduced: bool
    published: BriefAnswer
    corrected: BriefAnswer


def answer_rows(studies: Iterable[StudyFindings]) -> list[AnswerRow]:
    """Answer the short questions of studies, first those that are also asked as published."""
    rows = [row for found in studies for row in _rows(found)]
    return sorted(rows, key=lambda row: (not row.published.word, row.reduced))


def answers_table(studies: Sequence[StudyFindings]) -> str:
    """Lay the answers out as a Markdown table, with a note below it.

    Of several studies, each question leads to its study's part of the report beside the table.
    """
    rows = answer_rows(studies)
    report = "report.md" if len(studies) > 1 else None
    return rendered("answers.md", questions=rows, undecided=WHAT_UNDECIDED_MEANS, report=report)


def _rows(found: StudyFindings) -> Iterator[AnswerRow]:
    for brief, tests in brief_tests(found.study).items():
        published, corrected = (
            _answer(tests.get(recipe), found) for recipe in ("published", "corrected")
        )
        measured = next(iter(tests.values())).metric_title
        section, reduced = study_title(found.study), bool(found.study.keeps)
        yield AnswerRow(brief.question, section, measured, reduced, published, corrected)


def _answer(test: ClaimTest | None, found: StudyFindings) -> BriefAnswer:
    if test is None:
        return BriefAnswer("")
    outcome = test.judge(found)
    return BriefAnswer(outcome.verdict.answer(), outcome.brief or outcome.estimate, outcome.n)
