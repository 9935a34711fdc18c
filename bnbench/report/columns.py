"""Every column of every CSV file: its unit, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from bnbench.report.markdown import table


@dataclass(frozen=True)
class Columns:
    """Some columns of a file, which are told of together.

    Attributes
    ----------
    names : tuple of str
    unit : str
        ``share`` is in [0, 1]; the metric's, or the quantity's, stands in the row.
    """

    names: tuple[str, ...]
    unit: str
    meaning: str


@dataclass(frozen=True)
class CsvFile:
    """A file that bnbench writes.

    Attributes
    ----------
    about : str
        Who writes it, and what a row is.
    """

    name: str
    about: str
    columns: tuple[Columns, ...]


@cache
def csv_files() -> tuple[CsvFile, ...]:
    """All of them, in the order in which they are told of."""
    text = files("bnbench.report").joinpath("columns.yaml").read_text(encoding="utf-8")
    return tuple(
        CsvFile(
            name,
            known["about"],
            tuple(
                Columns(tuple(names.split(", ")), unit, meaning)
                for names, (unit, meaning) in known["columns"].items()
            ),
        )
        for name, known in yaml.safe_load(text).items()
    )


def columns_page() -> str:
    """Lay them out in Markdown, a table a file."""
    return "\n\n".join(map(_section, csv_files()))


def _section(file: CsvFile) -> str:
    rows = [
        (", ".join(f"`{name}`" for name in told.names), told.unit, told.meaning)
        for told in file.columns
    ]
    return f"## {file.name}\n\n{file.about}\n\n{table(('column', 'unit', 'meaning'), rows)}"
