"""Cells of a table: a word that is wider than its column is broken where it has a joint."""

from __future__ import annotations

import re
from typing import Any

from rich.console import Console
from rich.containers import Lines
from rich.text import Text

JOINT = re.compile(r"(?<=[/@_,·=])")
"""After these, names such as ``small/batch_norm@0.1`` may go on in another line."""


class Cell(Text):
    """Text for one cell. Words that fit stay whole, as elsewhere."""

    def wrap(self, console: Console, width: int, **options: Any) -> Lines:
        """Break into lines of a width."""
        lines = (broken_at_joints(line, width) for line in self.plain.split("\n"))
        broken = Text("\n".join(lines), self.style)
        return broken.wrap(console, width, **options)


def longest_piece(text: str) -> int:
    """Count the columns that a text needs where it is broken wherever it may be."""
    return max((len(piece) for word in text.split() for piece in JOINT.split(word)), default=0)


def broken_at_joints(text: str, width: int) -> str:
    r"""Break text into lines; a word that is too long, after as many of its joints as fit.

    Every line is indented as the first.

    Examples
    --------
    >>> broken_at_joints("of small/batch_norm@0.1", 12)
    'of small/\nbatch_norm@\n0.1'
    """
    indent = text[: len(text) - len(text.lstrip())]
    lines = [""]
    for word in re.findall(r"\s*\S+", text):
        for piece in JOINT.split(word) if len(indent + word.strip()) > width else [word]:
            if lines[-1].strip() and len(lines[-1] + piece) > width:
                lines.append(indent + piece.lstrip())
            else:
                lines[-1] += piece
    return "\n".join(lines)
