"""Every formula with its sources, from the docstrings of what computes it: for docs/methods.md."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

from bnbench.report import markdown

SECTION = re.compile(r"^(\w[\w ]+)\n-{3,}\n", re.MULTILINE)
TOLD = ("", "Notes", "References")
"""Sections of a docstring that the page has; parameters and examples are for programmers."""

SOURCE = re.compile(r"^\.\. \[(\d+)\] ", re.MULTILINE)
TABLE = re.compile(r"^(={4,}) =+\n(.*?)^={4,} =+$", re.MULTILINE | re.DOTALL)


def methods_page() -> str:
    """Lay them out in Markdown, a section a kind."""
    return "\n\n".join(
        f"## {title}\n\n" + "\n\n".join(f"### {name}\n\n{said}" for name, said in entries.items())
        for title, entries in described().items()
    )


def described() -> dict[str, dict[str, str]]:
    """What is described, and its name -> its description in Markdown."""
    from bnbench import statistics
    from bnbench.claims import RULES
    from bnbench.metrics import of_logs
    from bnbench.models.normalizations import NORMALIZATIONS
    from bnbench.probes import PROBES

    functions = {
        name: function
        for name in statistics.__all__
        if inspect.isfunction(function := getattr(statistics, name))
    }
    return {
        "Statistics": _together(functions),
        "Metrics": {"Of a run's logs": told(of_logs)}
        | {f"Of the probe {name}": said for name, said in _together(PROBES).items()},
        "Rules": _together(RULES),
        "Normalizations": _together(NORMALIZATIONS),
    }


def _together(registry: Mapping[str, object]) -> dict[str, str]:
    """Describe what has several names once, under all of them."""
    names: dict[int, list[str]] = {}
    for name, entry in sorted(registry.items()):
        names.setdefault(id(entry), []).append(name)
    by_names = {", ".join(f"`{name}`" for name in given): given[0] for given in names.values()}
    return {heading: told(registry[name]) for heading, name in by_names.items()}


def told(entry: object) -> str:
    """What its author says of something, in Markdown: the text, the formulas and the sources."""
    first, *rest = SECTION.split(inspect.getdoc(entry) or "")
    sections = {"": first.partition("\n>>>")[0]} | dict(zip(rest[::2], rest[1::2], strict=True))
    return "\n\n".join(_as_markdown(sections[name]) for name in TOLD if name in sections)


def _as_markdown(text: str) -> str:
    """Write reStructuredText, as docstrings have it, in Markdown."""
    text = TABLE.sub(lambda found: _table(len(found[1]), found[2]), text.strip())
    text = SOURCE.sub(lambda found: f"{found[1]}. ", text)
    text = re.sub(r"\[(\d+)\]_", r"[\1]", text)
    return text.replace("::\n", ":\n").replace("``", "`")


def _table(first: int, lines: str) -> str:
    """Lay out a table whose first column is so wide; a row's later lines leave it blank."""
    rows = [
        (row[:first].rstrip(), " ".join(row[first:].split()).replace("|", "\\|"))
        for row in re.split(r"\n(?=\S)", lines.rstrip("\n"))
    ]
    return markdown.table(("name", "what it is"), rows)
