"""The answers to studies' short questions, as published and as corrected: rows, and a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bnbench.claims import ClaimTest, brief_tests, judge_test
from bnbench.findings.results import StudyFindings
from bnbench.report import markdown
from bnbench.report.study_answer import WORDS

REDUCED = "\\*"
NOTE = (
    "Each number is the difference that batch norm makes, or the change that the question names:"
    " the mean over n seeds with its 95 % interval. pp: percentage points of accuracy, or of error."
    f" {REDUCED} Reduced runs: fewer images, epochs or seeds."
)


@dataclass(frozen=True)
class Answer:
    """One answer to a short question.

    Attributes
    ----------
    word : str
        Yes, no or not decided; empty where the recipe is not asked, ``not run`` without runs.
    number : str
        What was found, with its interval.
    n : int
        Seeds behind it.
    """

    word: str
    number: str = ""
    n: int = 0


@dataclass(frozen=True)
class AnswerRow:
    """A short question, and what the runs of either recipe answer."""

    question: str
    reduced: bool
    published: Answer
    corrected: Answer


def answer_rows(studies: Iterable[StudyFindings]) -> list[AnswerRow]:
    """Answer the short questions of studies."""
    return [row for found in studies for row in _rows(found)]


def answers_table(studies: Iterable[StudyFindings]) -> str:
    """Lay the answers out as a Markdown table, with a note below it."""
    head = ["| question | as published | corrected |", "| --- | --- | --- |"]
    return "\n".join([*head, *map(_line, answer_rows(studies)), "", NOTE, ""])


def _rows(found: StudyFindings) -> Iterator[AnswerRow]:
    for brief, tests in brief_tests(found.study).items():
        published, corrected = (
            _answer(tests.get(recipe), found) for recipe in ("published", "corrected")
        )
        yield AnswerRow(brief.question, bool(found.study.gives_up), published, corrected)


def _answer(test: ClaimTest | None, found: StudyFindings) -> Answer:
    if test is None:
        return Answer("")
    outcome = judge_test(test, found)
    if outcome is None:
        return Answer("not run")
    number = outcome.estimate.rpartition("(medians), ")[2]  # of times, their ratio alone
    return Answer(WORDS[outcome.verdict], number, outcome.n)


def _line(row: AnswerRow) -> str:
    question = markdown.escaped(row.question) + REDUCED * row.reduced
    return f"| {question} | {_cell(row.published)} | {_cell(row.corrected)} |"


def _cell(answer: Answer) -> str:
    if not answer.n:
        return answer.word or "–"
    return f"**{answer.word}**, {markdown.escaped(answer.number)}, n = {answer.n}"
