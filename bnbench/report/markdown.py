"""Text for Markdown: the one place where a text from anywhere is kept from being markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bnbench.report.notes import by_seed
from bnbench.report.table import Table
from bnbench.words import capitalized

MARKS = re.compile(r"[\\`*\[\]|~$]|(?<!\w)_|_(?!\w)")
LEADING = re.compile(r"^([-=]+$|(#+|[-+]|\d+[.)])(?=\s|$))")


def escaped(text: str) -> str:
    """Write a text on one line in which nothing is markup."""
    line = " ".join(text.split())
    line = MARKS.sub(r"\\\g<0>", html.escape(line, quote=False))
    return LEADING.sub(lambda mark: f"{mark[0][:-1]}\\{mark[0][-1]}", line)


def anchor(title: str) -> str:
    """Name a heading as GitHub does, by its own words, so that links survive what is added."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], words: int | None = None) -> str:
    """Lay out cells that are Markdown already; columns after so many of words hold numbers."""
    rule = ["---" if words is None or place < words else "---:" for place in range(len(header))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def rendered(template: str, **values: object) -> str:
    """Fill a template of Markdown: whatever it writes of its data is escaped."""
    return _environment().get_template(template).render(values).strip() + "\n"


def _environment() -> Environment:
    known = Environment(
        loader=PackageLoader("bnbench.report"),
        autoescape=True,  # so that macros return markup, which is not escaped again
        finalize=lambda value: value if isinstance(value, Markup) else Markup(escaped(str(value))),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    known.filters["capitalized"] = capitalized
    known.filters["anchor"] = lambda title: Markup(anchor(title))
    known.filters["laid_out"] = _laid_out
    known.filters["summary"] = lambda text: Markup(html.escape(" ".join(text.split())))
    known.filters["fenced"] = _fenced
    known.filters["by_seed"] = by_seed
    known.filters["path"] = lambda text: Markup(quote(text))
    return known


def _laid_out(plain: Table) -> Markup:
    header, *rows = ([*map(escaped, cells)] for cells in (plain.header, *plain.rows))
    return Markup(table(header, rows, plain.words))


def _fenced(text: str) -> Markup:
    """Write a text as it is, between more ticks than it holds."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return Markup(f"{fence}\n{text.rstrip()}\n{fence}")
