"""A report's Markdown as a page: no text becomes markup, and nothing comes from outside."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from bnbench.plots import style
from bnbench.report import html
from bnbench.report.figures import Picture
from bnbench.report.markdown import escaped

EVIL = 'x style="}td{font-size:0}" url(http://evil) <script>'
PAGE = """# Title

## First part

![A figure](figures/one.svg)

*What it shows.*

![Another](figures/two.svg)

*The same again.*

*A caption*

| metric | n |
| --- | ---: |
| **Yes, as far as decided.** | 1 |

### Below

<details><summary>supported · A0.1: It helps.</summary>

Folded.

</details>

## First part
"""


def test_a_number_stays_with_its_unit_and_an_interval_in_one_line() -> None:
    lines = "by +2.06 pp [+1.80, +2.33], 5 % of 7 seeds, −0.2 sd, n = 10: 3 people in epoch 1"
    written = html.render(f"# T\n\n{lines}\n", {})
    bound = "by +2.06~pp [+1.80,~+2.33], 5~% of 7 seeds, −0.2~sd, n~=~10: 3 people in epoch~1"
    assert f"<p>{bound}</p>".replace("~", "\xa0") in written


def _picture(name: str) -> Picture:
    with style.figure(1.5) as figure:
        ax = figure.subplots()
        ax.plot([1, 2], [1, 2], marker="o", label=EVIL)
        ax.set_title(EVIL)
        style.legend(figure)
        return Picture(name, "A figure", EVIL, style.svg(figure))


@pytest.fixture(scope="module")
def text() -> str:
    return html.render(PAGE, {name: _picture(name) for name in ("one", "two")})


class _Page(HTMLParser):
    """What a browser would find: every element, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = [""]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self.open[-1], []).append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_policy_allows_the_pages_own_style_and_script_alone(text: str) -> None:
    page = _Page(text)
    (policy,) = [one["content"] for one in page.named("meta") if "http-equiv" in one]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = page.texts[tag]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [one for _, one in page.elements if "style" in one]  # none would be obeyed
    assert not [name for _, one in page.elements for name in one if name.startswith("on")]


def test_a_title_in_a_figure_alters_no_style(text: str) -> None:
    page = _Page(text)
    assert page.texts["text"].count(EVIL) == 4  # a title and a legend's label in each figure
    assert page.texts["desc"] == [EVIL, EVIL]
    assert "font-size:0}" not in "".join(page.texts["style"])


def test_nothing_comes_from_outside(text: str) -> None:
    page = _Page(text)
    named = ("src", "href", "xlink:href", "action", "data", "poster", "srcset")
    links = [value for _, one in page.elements for name, value in one.items() if name in named]
    assert links
    assert all(link and link.startswith("#") for link in links)
    assert {"link", "img", "iframe", "object", "base"}.isdisjoint(tag for tag, _ in page.elements)
    assert "@import" not in "".join(page.texts["style"])


def test_every_name_is_there_once_and_every_reference_leads_to_one(text: str) -> None:
    page = _Page(text)
    names = Counter(one["id"] for _, one in page.elements if "id" in one)
    assert max(names.values()) == 1
    targets = {(one["href"] or "#")[1:] for _, one in page.elements if "href" in one}
    clips = re.findall(r'clip-path="url\(#(.*?)\)"', text)
    titles = [one["aria-labelledby"] or "" for one in page.named("svg")]
    assert clips
    assert titles
    assert targets | {*clips} | {*" ".join(titles).split()} <= names.keys()


def test_headings_are_named_by_their_words(text: str) -> None:
    page = _Page(text)
    assert [one["id"] for tag in ("h2", "h3") for one in page.named(tag)] == [
        "first-part", "first-part-again", "first-part--below",
    ]  # fmt: skip


def test_listings_can_be_scrolled_by_keys() -> None:
    written = html.render('# T\n\n```\na: "<b>"\n```\n', {})
    assert '<pre tabindex="0"><code>a: "&lt;b&gt;"\n</code></pre>' in written


def test_captions_tables_badges_and_folds(text: str) -> None:
    page = _Page(text)
    assert page.texts["figcaption"] == ["What it shows.", "The same again."]
    assert page.texts["caption"] == ["A caption"]
    assert [one.get("class") for one in page.named("td")] == ["w", None]
    assert [one["class"] for one in page.named("strong")] == ["badge good", "badge good"]
    assert len(page.named("details")) == 1


@pytest.mark.parametrize(
    "written",
    [
        "<img src=x>",
        "<details open onclick=a>\n\nb\n\n</details>",
        "<details><summary><b>c</b></summary>\n\nd\n\n</details>",
        "a <b>inline</b>",
        "<details><summary>e</summary><script>f</script>",
    ],
)
def test_other_html_is_text(written: str) -> None:
    plain, page = (
        Counter(tag for tag, _ in _Page(html.render(text, {})).elements)
        for text in ("# t\n", f"# t\n\n{written}\n")
    )
    assert (page - plain).keys() <= {"p"}


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
    assert escaped(text) == written
    page = _Page(html.render(f"# t\n\n{written}\n", {}))
    assert " ".join(text.split()) in "".join(page.texts["p"]).replace("\xa0", " ")
