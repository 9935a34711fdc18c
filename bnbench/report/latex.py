"""Tables as LaTeX, for a paper: the same cells as in the report and on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bnbench.report.answers import AnswerRow, BriefAnswer
from bnbench.report.page import Page
from bnbench.report.table import Table

PACKAGE = "% needs \\usepackage{booktabs}\n"
MOST_FLOATS = 15
"""Tables after which LaTeX is told to place them: it gives up where too many wait for a place."""

WRITTEN = str.maketrans(
    {
        **{mark: f"\\{mark}" for mark in "&%$#_{}"},
        "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "[": "{[}",  # else it would be an option of the line end before it
        "<": "$<$", ">": "$>$", "|": "$|$", '"': "''", "“": "``", "”": "''", "–": "--",
        "−": "$-$", "±": r"$\pm$", "≤": r"$\le$", "≥": r"$\ge$", "×": r"$\times$",
        "·": r"$\cdot$", "∞": r"$\infty$", "…": r"\ldots{}",
    }
)  # fmt: skip
"""What LaTeX would obey, or what not every font of it has."""


def latex_table(table: Table) -> str:
    """Lay a table out as a float with its caption; columns of numbers are set flush right."""
    columns = "l" * table.words + "r" * (len(table.header) - table.words)
    header, *rows = (_row(cells) for cells in (table.header, *table.rows))
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(table.caption)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule", header, r"\midrule", *rows, r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]  # fmt: skip
    return "\n".join([*lines, ""])


def latex_tables(tables: Iterable[Table]) -> str:
    """Lay tables out under each other, as a file to be included."""
    written = list(map(latex_table, tables))
    for last in range(MOST_FLOATS - 1, len(written) - 1, MOST_FLOATS):
        written[last] += "\\clearpage\n"
    return "\n".join([PACKAGE, *written])


def page_tables(page: Page) -> list[Table]:
    """All tables of a report, each captioned with its study, without the folded columns."""
    return [
        replace(table.usual, caption=f"{study.title}. {table.caption}")
        for study in page.studies
        for group in study.groups
        for table in group.tables
    ]


def answer_table(rows: Iterable[AnswerRow]) -> Table:
    """The answers to the short questions, as published and as corrected."""
    cells = tuple(
        (row.question, row.measured, _answer(row.published), _answer(row.corrected)) for row in rows
    )
    return Table("Answers", ("question", "measured", "as published", "corrected"), cells, words=4)


def escaped(text: str) -> str:
    """Write a text in which nothing is a command."""
    return " ".join(text.split()).translate(WRITTEN)


def _row(cells: Iterable[str]) -> str:
    return " & ".join(map(escaped, cells)) + r" \\"


def _answer(answer: BriefAnswer) -> str:
    if not answer.n:
        return answer.number or "–"
    return f"{answer.word} {answer.number}, n = {answer.n}"
