"""What axe-core finds of WCAG 2.1 AA in a report, checked without a browser: every figure's lines,
and every kind of part, are in the reference's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise, product
from pathlib import Path

import pytest

from bnbench.plots import style

PAPER = {"light": "#ffffff", "dark": "#161616"}
TEXT, LINE = 4.5, 3.0
"""Least contrast of letters, and of what is drawn (WCAG 2.1, 1.4.3 and 1.4.11)."""
NOT_MEANT = {"e6", "ff"}
"""Greys of grids, and of paper around a line."""


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def long(color: str) -> str:
    return "#" + "".join(2 * digit for digit in color[1:]) if len(color) == 4 else color


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


class Page(HTMLParser):
    """The elements of a page in their order, each with those that it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(self.within)))
        if tag not in {"meta", "br", "hr", "img", "td", "th", "tr"}:
            self.within.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), tuple(self.within)))

    def handle_endtag(self, tag: str) -> None:
        while tag in self.within and self.within.pop() != tag:
            pass

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes, _ in self.found if name == tag]


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "results/reference/report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_has_a_language_a_title_and_landmarks(page: Page) -> None:
    assert [one["lang"] for one in page.of("html")] == ["en"]
    assert len(page.of("main")) == len(page.of("h1")) == 1
    assert [one["aria-label"] for one in page.of("nav")] == ["Contents"]
    outside = {"nav", "main", "script"}
    assert {tag for tag, _, within in page.found if within[-1:] == ("body",)} == outside
    (title,) = [within for tag, _, within in page.found if tag == "title" and "svg" not in within]
    assert title[-1] == "head"


def test_headings_go_down_by_one_level(page: Page) -> None:
    levels = [int(tag[1]) for tag, _, _ in page.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_lists_hold_items_and_items_stand_in_lists(page: Page) -> None:
    assert {within[-1] for tag, _, within in page.found if tag == "li"} == {"ul"}
    assert {tag for tag, _, within in page.found if within[-1:] == ("ul",)} == {"li"}


def test_tables_name_their_columns_and_can_be_scrolled_by_keys(page: Page) -> None:
    assert page.of("th")
    assert {one.get("scope") for one in page.of("th")} == {"col"}
    boxes = [one for one in page.of("div") if one.get("class") == "box"]
    assert len(boxes) == len(page.of("table"))
    assert {one.get("tabindex") for one in boxes} == {"0"}


def test_figures_say_what_they_show(page: Page) -> None:
    names = {one["id"] for _, one, _ in page.found if "id" in one}
    figures = page.of("svg")
    assert {one["role"] for one in figures} == {"img"}
    labels = [str(one["aria-labelledby"]).split() for one in figures]
    assert all(len(label) == 2 and names.issuperset(label) for label in labels)


def test_links_and_folded_parts_have_words(text: str) -> None:
    for words in re.findall(r"<(?:a href[^>]*|summary)>(.*?)</(?:a|summary)>", text):
        assert re.sub("<[^>]*>", "", words).strip()


def colors(css: str) -> tuple[dict[str, str], dict[str, str]]:
    """The named colours in the light, and in the dark."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for rule in re.finditer(r"(dark\)\s*\{\s*)?:root\s*\{([^}]*)\}", css):
        named = dict(re.findall(r"--(\w+):\s*(#\w+)", rule[2]))
        (dark if rule[1] else light).update(named)
    return light, light | dark


def test_letters_have_enough_contrast(text: str) -> None:
    for known in colors(text):
        papers = known["paper"], known["shade"]
        words = ("ink", "soft", "link", "good", "bad", "mixed", "unsure", "open")
        for word, paper in product(words, papers):
            assert contrast(long(known[word]), long(paper)) >= TEXT, (word, paper)


def _strokes(text: str) -> Iterator[tuple[str, str]]:
    for look in re.findall(r"^\.s\d+\{(.*)\}$", text, re.MULTILINE):
        if found := re.search(r"stroke: ([^;]+)", look):
            yield look, found[1]


def test_lines_of_figures_have_enough_contrast(text: str) -> None:
    strokes = list(_strokes(text))
    assert len(strokes) > 10
    for known in colors(text):
        for look, color in strokes:
            grey = re.fullmatch(r"var\(--g(\w\w)\)", color)
            if grey and grey[1] in NOT_MEANT:
                continue
            drawn = known[f"g{grey[1]}"] if grey else color
            assert contrast(drawn, long(known["paper"])) >= LINE, look
            assert "opacity" not in look, look


def test_looks_of_curves_have_enough_contrast_on_any_paper() -> None:
    looks = [*style.EXPERIMENTS, *style.SPLITS.values()]
    for look, paper in product(looks, PAPER.values()):
        assert contrast(look.color, paper) >= LINE, (look, paper)
