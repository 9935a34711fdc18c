"""A table of plain texts, as the report's template lays it out, and the columns it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from bnbench.findings.numbers import NOTHING
from bnbench.findings.results import Finding


@dataclass(frozen=True)
class Column:
    """A column of findings: what it is called, what it shows, and how that is written.

    Attributes
    ----------
    field : str
        Dotted, of a finding, such as ``contrast.t_interval``; empty: the finding itself.
    write : callable
        Of the field's value and the metric's unit; `NOTHING` where a row has no entry.
    rare : bool
        Whether few readers look for it: it is folded.
    """

    title: str
    field: str
    write: Callable[[Any, str], str]
    rare: bool = False

    def cell(self, finding: Finding) -> str:
        """Write what a finding shows in this column."""
        value = attrgetter(self.field)(finding) if self.field else finding
        return self.write(value, finding.metric.quantity.unit)


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

    def _only(self, names: list[str]) -> Table:
        places = [
            place
            for place, name in enumerate(self.header)
            if name in names
            if place < self.words or any(row[place] != NOTHING for row in self.rows)
        ]
        return replace(
            self,
            header=tuple(self.header[place] for place in places),
            rows=tuple(tuple(row[place] for place in places) for row in self.rows),
            rare=(),
        )


def tabulate(
    caption: str, columns: Sequence[Column], findings: Iterable[Finding], words: int = 1
) -> Table:
    """Lay out findings, one a row."""
    return Table(
        caption,
        header=tuple(column.title for column in columns),
        rows=tuple(tuple(column.cell(finding) for column in columns) for finding in findings),
        words=words,
        rare=tuple(column.title for column in columns if column.rare),
    )
