"""The table of answers: one short question a row, as published and as corrected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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


def answers_table(studies: Iterable[StudyFindings]) -> str:
    """Lay out the brief questions of studies as a Markdown table, with a note below it.

    A cell is the answer, the number with its interval, and the number of seeds n.
    """
    rows = [row for found in studies for row in _rows(found)]
    head = ["| question | as published | corrected |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows, "", NOTE, ""])


def _rows(found: StudyFindings) -> Iterator[str]:
    mark = REDUCED if found.study.gives_up else ""
    for row, tests in brief_tests(found.study).items():
        cells = [_cell(tests.get(recipe), found) for recipe in ("published", "corrected")]
        yield f"| {markdown.escaped(row.question)}{mark} | {' | '.join(cells)} |"


def _cell(test: ClaimTest | None, found: StudyFindings) -> str:
    if test is None:
        return "–"
    outcome = judge_test(test, found)
    if outcome is None:
        return "not run"
    number = outcome.estimate.rpartition("(medians), ")[2]  # of times, their ratio alone
    return f"**{WORDS[outcome.verdict]}**, {markdown.escaped(number)}, n = {outcome.n}"
