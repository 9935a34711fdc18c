"""Every column of every CSV file: its unit, and what it says."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from bnbench.report.markdown import table


@cache
def csv_files() -> dict[str, dict[str, Any]]:
    """Name of a file -> ``about`` it, and its ``columns``: their names -> unit and meaning.

    The unit ``share`` is in [0, 1]; the metric's, or the quantity's, stands in the row.
    """
    text = files("bnbench.report").joinpath("columns.yaml").read_text(encoding="utf-8")
    known: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return known


def columns_page() -> str:
    """Lay them out in Markdown, a table a file."""
    return "\n\n".join(_section(name, **told) for name, told in csv_files().items())


def _section(name: str, about: str, columns: dict[str, list[str]]) -> str:
    rows = [
        (", ".join(f"`{column}`" for column in names.split(", ")), unit, meaning)
        for names, (unit, meaning) in columns.items()
    ]
    return f"## {name}\n\n{about}\n\n{table(('column', 'unit', 'meaning'), rows)}"
