"""A table of plain texts, as the report's template lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bnbench.findings.columns import Column
from bnbench.findings.numbers import NOTHING


@dataclass(frozen=True)
class Table:
    """A table of plain texts.

    Attributes
    ----------
    rows : tuple of tuple of str
        Each as long as the header.
    words : int
        So many first columns hold words; the others hold numbers.
    rare : tuple of str
        Names of the columns that are folded.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    rare: tuple[str, ...] = ()

    @property
    def usual(self) -> Table:
        """The columns that every reader looks for, but for those without an entry."""
        return self._only([name for name in self.header if name not in self.rare])

    @property
    def folded(self) -> Table | None:
        """The rare columns, beside those of words; ``None`` where they have no entry."""
        part = self._only([*self.header[: self.words], *self.rare])
        return part if len(part.header) > self.words else None

    @property
    def filled(self) -> Table:
        """The rows that have an entry beside their words."""
        rows = (row for row in self.rows if {*row[self.words :]} != {NOTHING})
        return replace(self, rows=tuple(rows))

    def _only(self, names: list[str]) -> Table:
        places = [
            place
            for place, name in enumerate(self.header)
            if name in names
            if place < self.words or any(row[place] != NOTHING for row in self.rows)
        ]
        return replace(self.columns(places), rare=())

    def columns(self, places: Sequence[int]) -> Table:
        """The columns at some places, counted from 0."""
        return replace(
            self,
            header=tuple(self.header[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
        )


def tabulate(caption: str, columns: Sequence[Column], rows: Iterable[Any], words: int = 1) -> Table:
    """Lay out rows as texts; what a row does not have is `NOTHING`."""
    return Table(
        caption,
        header=tuple(column.title for column in columns),
        rows=tuple(tuple(_text(column.cell(row)) for column in columns) for row in rows),
        words=words,
        rare=tuple(column.title for column in columns if column.rare),
    )


def _text(cell: object) -> str:
    return NOTHING if cell is None else str(cell)
