"""One document, written twice: nothing in its texts becomes markup, nothing comes from outside."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from bnbench.plots import style
from bnbench.report import html, markdown
from bnbench.report.document import (
    Document,
    Lines,
    Listing,
    Paragraph,
    Picture,
    Section,
    Table,
)

NASTY = """<script>alert("1")</script> & 'quotes' | `ticks` *stars* [a](http://b) $x$ _u_"""


def _svg() -> str:
    with style.figure(1.5) as figure:
        ax = figure.subplots()
        ax.plot([1, 2], [1, 2], marker="o", label="a -- label")
        ax.set_title("<script>")
        style.legend(figure)
        return style.svg(figure)


def _document(text: str) -> Document:
    table = Table(text, ("name", text), ((text, "+1"), ("b", "−2")))
    svg = _svg()
    blocks = (
        Paragraph(text),
        Lines((text,)),
        table,
        Picture("one", text, svg, "curves"),
        Picture("two", "plain", svg, "paired"),
        Listing(text, f"```\n{text}\n"),
    )
    return Document(text, (Section(text, blocks, (Section("below"),)), Section("next")))


class _Page(HTMLParser):
    """What a browser would find: every element, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_no_text_becomes_markup() -> None:
    page = _Page(html.render(_document(NASTY)))
    assert len(page.named("script")) == 1  # the page's own
    # In title, h1, contents, h2, p, li, caption, th, td, figcaption and summary; and in pre.
    assert page.texts.count(NASTY) == 11
    assert sum(NASTY in text for text in page.texts) == 12
    assert page.named("figure")[0]["aria-label"] == NASTY


def test_the_page_needs_nothing_else() -> None:
    text = html.render(_document("plain"))
    page = _Page(text)
    references = [
        value or ""
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href", "action", "data", "poster", "srcset")
    ]
    assert references
    assert all(value.startswith("#") for value in references)
    assert {"link", "img", "iframe", "object", "base"}.isdisjoint(tag for tag, _ in page.elements)
    assert "@import" not in text
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert "http" not in text.replace("http-equiv", "")


def test_every_name_is_there_once_and_every_reference_leads_to_one() -> None:
    page = _Page(html.render(_document("plain")))
    names = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert max(names.values()) == 1
    targets = {(a.get("href") or "#")[1:] for _, a in page.elements if a.get("href")}
    clips = {
        match
        for _, attributes in page.elements
        for match in re.findall(r"url\(#(.*?)\)", attributes.get("clip-path") or "")
    }
    assert clips
    assert targets | clips <= names.keys()


def test_looks_of_a_figure_are_rules_said_once() -> None:
    element = html.inline(Picture("one", "One", _svg(), "paired"), "f1-")
    assert 'style="' not in element
    used = set(re.findall(r'class="(.*?)"', element))
    rules = re.findall(r"\.(f1-\d+)\{(.*?)\}", element)
    assert {name for name, _ in rules} == used
    assert len({look for _, look in rules}) == len(rules)


def test_sections_nest_and_tables_name_their_columns() -> None:
    page = _Page(html.render(_document("plain")))
    assert [len(page.named(f"h{depth}")) for depth in (1, 2, 3)] == [1, 2, 1]
    assert len(page.named("th")) == 2
    assert [cell.get("class") for cell in page.named("td")] == ["word", None, "word", None]
    assert len(page.named("details")) == 1
    assert len(page.named("svg")) == 2


def test_rendering_twice_gives_the_same_text() -> None:
    for render in (html.render, markdown.render):
        assert render(_document(NASTY)) == render(_document(NASTY))


def test_markdown_by_hand() -> None:
    table = Table("Levels", ("metric", "n"), (("a|b", "1"), ("_c_ d_e", "2")))
    picture = Picture("one two", "A figure", "<svg/>", "paired")
    section = Section("First", (Paragraph("1. no list"), Lines(("# x", "*y*")), table, picture))
    document = Document("Title", (section, Section("More", (Listing("t", "a: `b`\n"),))))
    assert markdown.render(document, figures="my figures") == (
        "# Title\n\n## First\n\n1\\. no list\n\n- \\# x\n- \\*y\\*\n\n*Levels*\n\n"
        "| metric | n |\n| --- | ---: |\n| a\\|b | 1 |\n| \\_c\\_ d_e | 2 |\n\n"
        "![A figure](my%20figures/one%20two.svg)\n\nA figure\n\n## More\n\n"
        "<details><summary>t</summary>\n\n```\na: `b`\n```\n\n</details>\n"
    )
    assert "figure" not in markdown.render(document)


def test_titles_stand_once_above_their_rows() -> None:
    rows, titles = (("a", "1"), ("b", "2"), ("c", "3")), ("<one>", "<one>", "two")
    table = Table("Levels", ("metric", "n"), rows, 2, titles)
    document = Document("Title", (Section("First", (table,)),))
    page = _Page(html.render(document))
    assert len(page.named("tbody")) == 2
    assert [one["colspan"] for one in page.named("th")[2:]] == ["2", "2"]
    assert page.texts.count("<one>") == 1
    assert (
        "| **&lt;one&gt;** |  |\n| a | 1 |\n| b | 2 |\n| **two** |  |\n| c | 3 |\n"
        in markdown.render(document)
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("<b> & `c`", "&lt;b&gt; &amp; \\`c\\`"),
        ("two\nlines | $x$", "two lines \\| \\$x\\$"),
        ("- a", "\\- a"),
        ("-a", "-a"),
        ("+1.2 pp", "+1.2 pp"),
        ("---", "--\\-"),
        ("## a", "#\\# a"),
        ("10) a", "10\\) a"),
        ("a\\b", "a\\\\b"),
    ],
)
def test_markdown_escapes(text: str, written: str) -> None:
    assert markdown.escaped(text) == written


def test_a_listing_is_fenced_by_more_ticks_than_it_holds() -> None:
    document = Document("t", (Section("s", (Listing("l", "a\n````\n</details>"),)),))
    assert "\n\n`````\na\n````\n</details>\n`````\n\n" in markdown.render(document)
