"""A document as GitHub Markdown: text that only looks like markup stays text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import quote

from bnbench.report.document import (
    Block,
    Document,
    Lines,
    Listing,
    Paragraph,
    Picture,
    Section,
    Table,
)

MARKS = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)")
LEADING = re.compile(r"^([-=]+$|(#+|[-+]|\d+[.)])(?=\s|$))")


def render(document: Document, *, figures: str | None = None) -> str:
    """Write a document as Markdown.

    Parameters
    ----------
    document : Document
    figures : str, optional
        Folder of the figures' files, from the Markdown file's own; without it they are left out.
    """
    parts = [f"# {escaped(document.title)}"]
    for section in document.sections:
        parts += _section(section, 2, figures)
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Write a text on one line in which nothing is markup."""
    line = " ".join(text.split())
    line = MARKS.sub(r"\\\g<0>", html.escape(line, quote=False))
    return LEADING.sub(lambda mark: f"{mark[0][:-1]}\\{mark[0][-1]}", line)


def _section(section: Section, depth: int, figures: str | None) -> Iterator[str]:
    yield f"{'#' * depth} {escaped(section.title)}"
    for block in section.blocks:
        yield from _block(block, figures)
    for below in section.sections:
        yield from _section(below, depth + 1, figures)


def _block(block: Block, figures: str | None) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield escaped(text)
        case Lines(lines):
            yield "\n".join(f"- {escaped(line)}" for line in lines)
        case Table():
            yield from _table(block)
        case Picture(name, caption):
            if figures is not None:
                yield f"![{escaped(caption)}]({quote(figures)}/{quote(name)}.svg)"
                yield escaped(caption)
        case Listing(title, text):
            yield f"<details><summary>{html.escape(title)}</summary>"
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
            yield f"{fence}\n{text.rstrip()}\n{fence}"
            yield "</details>"


def _table(table: Table) -> Iterator[str]:
    numbers = len(table.header) - table.words
    rule = ["---"] * table.words + ["---:"] * numbers
    rows = [[*map(escaped, table.header)], rule]
    for title, group in table.groups:
        if title:
            rows.append([f"**{escaped(title)}**", *[""] * (len(table.header) - 1)])
        rows += [[*map(escaped, row)] for row in group]
    yield f"*{escaped(table.caption)}*"
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
