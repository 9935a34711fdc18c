"""A report as plain data: what stands in it, in which order; HTML and Markdown only write it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Paragraph:
    """Plain text, never markup."""

    text: str


@dataclass(frozen=True)
class Lines:
    """A list of plain texts."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of plain texts.

    Attributes
    ----------
    caption : str
    header : tuple of str
    rows : tuple of tuple of str
        Each as long as the header.
    words : int
        So many first columns hold words; the others hold numbers.
    titles : tuple of str
        One a row, or none at all: rows of one title stand together under it.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1
    titles: tuple[str, ...] = ()

    @property
    def groups(self) -> list[tuple[str, list[tuple[str, ...]]]]:
        """The rows in order, by title; all of them under an empty one where there are none."""
        titled = zip(self.titles or ("",) * len(self.rows), self.rows, strict=True)
        by_title = groupby(titled, key=lambda pair: pair[0])
        return [(title, [row for _, row in pairs]) for title, pairs in by_title]


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes
    ----------
    name : str
        Of a file, without suffix; no other figure of the report has it.
    caption : str
    svg : str
        A whole SVG file, as `bnbench.plots.style.svg` gives it: the one text that is markup.
    kind : str
        One of `bnbench.config.figures.FIGURES`.
    """

    name: str
    caption: str
    svg: str
    kind: str


@dataclass(frozen=True)
class Listing:
    """A file's text as it is, folded until it is asked for."""

    title: str
    text: str


Block = Paragraph | Lines | Table | Picture | Listing


@dataclass(frozen=True)
class Section:
    """A title, what stands below it, and sections of the next level."""

    title: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True)
class Document:
    """A whole report."""

    title: str
    sections: tuple[Section, ...]


def pictures_of(sections: Iterable[Section]) -> Iterator[Picture]:
    """Collect every figure in sections and those below them, in the order in which they stand."""
    for section in sections:
        yield from (block for block in section.blocks if isinstance(block, Picture))
        yield from pictures_of(section.sections)
