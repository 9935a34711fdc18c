"""The report's Markdown as one HTML file: style, figures and script inside, nothing fetched."""

# ruff: noqa: ARG002 -- markdown-it calls a rule with all of them
from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from bnbench.claims import Verdict
from bnbench.claims.verdict import AS_FAR
from bnbench.report.drawing import Drawings
from bnbench.report.figures import Picture
from bnbench.report.markdown import anchor

FOLD = re.compile(r"<details><summary>([^<>]*)</summary>\n?|</details>\n?")
COLORS = {
    Verdict.SUPPORTED: "good", Verdict.REFUTED: "bad", Verdict.MIXED: "mixed",
    Verdict.INCONCLUSIVE: "unsure", Verdict.OPEN: "open", Verdict.NOT_TESTABLE: "open",
}  # fmt: skip
BADGES = {
    word: color
    for verdict, color in COLORS.items()
    for word in (verdict.answer(), verdict.answer("different"), verdict.word)
}
"""Words of answers and verdicts, and the colour in which they stand."""
TOGETHER = re.compile(
    r"(?<=\d) (?=pp\b|%|sd\b|nats\b)|(?<=\bn) (?==)|(?<=\bn =) (?=\d)"
    r"|(?<=\bepoch) (?=\d)|(?<=\d,) (?=[+−]?[\d.,]+\])"
)
"""Spaces at which no line ends: before a unit, in ``n = 10``, ``epoch 1`` and ``[0.1, 0.2]``."""
BADGE = re.compile(f"({'|'.join(BADGES)}) · (.*)", re.DOTALL)


def render(text: str, pictures: Mapping[str, Picture]) -> str:
    """Write a report's Markdown as HTML.

    Parameters
    ----------
    text : str
        Its markup is that of `templates/report.md`; any other HTML in it becomes text.
    pictures : mapping of str to Picture
        By the names of the files that the text shows.
    """
    drawings = Drawings()
    parser = MarkdownIt("commonmark", renderer_cls=_Renderer).enable("table")
    tokens = _with_captions(parser.parse(text))
    headings = _named(tokens)
    body = parser.renderer.render(tokens, parser.options, {"pictures": pictures, "to": drawings})
    environment = Environment(
        loader=PackageLoader("bnbench.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    style, script = (
        environment.get_template(name).render(figures=Markup(drawings.style))
        for name in ("report.css", "report.js")
    )
    return environment.get_template("report.html").render(
        title=headings[0][1],
        contents=[heading for heading in headings[1:] if heading[2] == "h2"],
        body=Markup(body),
        style=Markup(style),
        script=Markup(script),
        hashes={"style": _hash(style), "script": _hash(script)},
    ) + "\n"  # fmt: skip


def _hash(text: str) -> str:
    """Name a text so that a content policy allows it and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _named(tokens: Sequence[Token]) -> list[tuple[str, str, str]]:
    """Give each heading a name of its own words."""
    headings: list[tuple[str, str, str]] = []
    known: set[str] = set()
    part = ""
    for opening, inline in pairwise(tokens):
        if opening.type != "heading_open":
            continue
        title = "".join(child.content for child in inline.children or ())
        words = anchor(title)
        part = words if opening.tag == "h2" else part
        name = words if opening.tag != "h3" else f"{part}--{words}"
        while name in known:
            name += "-again"
        known.add(name)
        opening.attrSet("id", name)
        headings.append((name, title, opening.tag))
    return headings


def _with_captions(tokens: Sequence[Token]) -> list[Token]:
    """Take the line in italics before a table, and behind a figure, for its caption."""
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        kept.append(token)
        if [child.type for child in _inline(tokens, place)] == ["image"]:
            caption = _italics(tokens, place + 3)
            assert caption is not None
            kept[-1] = Token("figure", "", 0, children=[*_inline(tokens, place), *caption])
            place += 5
        elif (caption := _italics(tokens, place)) and tokens[place + 3].type == "table_open":
            kept.pop()
            tokens[place + 3].children = caption
            place += 2
        place += 1
    return kept


def _inline(tokens: Sequence[Token], place: int) -> list[Token]:
    """List the parts of the paragraph that begins at a place; none where none does."""
    if place + 2 >= len(tokens) or tokens[place].type != "paragraph_open":
        return []
    return tokens[place + 1].children or []


def _italics(tokens: Sequence[Token], place: int) -> list[Token] | None:
    inline = _inline(tokens, place)
    if len(inline) < 3 or (inline[0].type, inline[-1].type) != ("em_open", "em_close"):
        return None
    return inline[1:-1]


FIXED = {
    "table_close": "</table></div>\n", "tr_open": "<tr>", "tr_close": "\n", "th_close": "",
    "td_close": "",
}  # fmt: skip
"""Of tables, in which a row is a line. HTML needs no end of it, nor of its cells."""


class _Renderer(RendererHTML):
    """Markdown-it's own HTML, but for figures, tables, folded parts and badges."""

    def figure(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        image, *caption = tokens[place].children or [Token("image", "", 0)]
        picture = known["pictures"][PurePosixPath(str(image.attrs["src"])).stem]
        drawing = known["to"].inline(picture)
        words = self.renderInline(caption, options, known)
        return f"<figure>\n{drawing}\n<figcaption>{words}</figcaption>\n</figure>\n"

    def table_open(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        caption = tokens[place].children
        if not caption:
            return '<div class="box" tabindex="0"><table>\n'
        words = self.renderInline(caption, options, known)
        return f'<div class="box" tabindex="0"><table>\n<caption>{words}</caption>\n'

    def th_open(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        return f'<th scope="col"{_words(tokens[place])}>'

    def td_open(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        return f"<td{_words(tokens[place])}>"

    def renderToken(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Write what has no rule here."""
        fixed = FIXED.get(tokens[idx].type)
        return super().renderToken(tokens, idx, options, env) if fixed is None else fixed

    def strong_open(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        words = tokens[place + 1].content.rstrip(".,:").lower()
        kind = BADGES.get(words.removesuffix(AS_FAR))
        return f'<strong class="badge {kind}">' if kind else "<strong>"

    def html_block(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        """Let folded parts through, and nothing else: other HTML is text."""
        content = tokens[place].content
        if not (fold := FOLD.fullmatch(content)):
            return f"<p>{html.escape(content)}</p>\n"
        if fold[1] is None:
            return "</details>\n"
        if badge := BADGE.fullmatch(fold[1]):
            word = f'<strong class="badge {BADGES[badge[1]]}">{badge[1]}</strong> {badge[2]}'
            return f'<details class="claim"><summary>{word}</summary>\n'
        return f"<details><summary>{fold[1]}</summary>\n"

    def text(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:
        """Keep numbers and their units in one line, which a phone's lines would part."""
        return TOGETHER.sub("\xa0", super().text(tokens, idx, options, env))

    def fence(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        """Leave quotes as they are, of which a configuration has many; keys can scroll it."""
        text = html.escape(tokens[place].content, quote=False)
        return f'<pre tabindex="0"><code>{text}</code></pre>\n'

    def html_inline(self, tokens: Sequence[Token], place: int, options: Any, known: Any) -> str:
        return html.escape(tokens[place].content)


def _words(token: Token) -> str:
    """Mark a cell of words: those of numbers are four times as many."""
    return "" if "right" in str(token.attrs.get("style", "")) else " class=w"
