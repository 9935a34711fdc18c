"""The report in a real browser, as wide as a phone and as a desk's screen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bnbench.plots import style
from bnbench.report import html
from bnbench.report.document import (
    Document,
    Lines,
    Listing,
    Paragraph,
    Picture,
    Section,
    Table,
)
from bnbench.runs import write_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="needs a Chromium (Debian: apt-get install chromium)"
)

UNBROKEN = "a_name_that_has_no_place_to_break" * 12

# A frame as wide as asked, which says how wide the report in it became, and what its script does.
WRAPPER = """<body style="margin: 0"><iframe src="report.html" width="{width}" height="900"
 style="border: 0"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const texts = (table, column) =>
    [...table.rows].slice(1).map(row => row.cells[column].textContent);
  const column = () => texts(page.querySelector("table"), 1);
  const button = page.querySelectorAll("th button")[1];
  const root = page.documentElement, box = page.querySelector(".box");
  const found = {{page: root.scrollWidth, window: root.clientWidth,
    table: box.scrollWidth, box: box.clientWidth,
    figure: page.querySelector("figure").getBoundingClientRect().width,
    drawing: page.querySelector("svg").getBoundingClientRect().width}};
  button.click();
  found.up = column();
  button.click();
  found.down = column();
  const titled = page.querySelector(".titled");
  found.titled = titled.parentElement.scrollWidth;
  found.room = titled.parentElement.clientWidth;
  titled.querySelectorAll("th button")[1].click();
  found.grouped = texts(titled, 0);
  document.title = JSON.stringify(found);
}};
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything that is wider than a phone."""
    with style.figure(2) as figure:
        figure.subplots().plot([1, 2], [1, 2])
        svg = style.svg(figure)
    numbers = ("+1.5 pp", "−2.0 pp", "–", "1,000", "< 0.0001")
    columns = tuple(f"column {number}" for number in range(30))
    rows = tuple((UNBROKEN[:60], number, *["+1.31 pp"] * 28) for number in numbers)
    verdicts = tuple(
        (aspect, verdict, "validation accuracy after the last epoch: +1.31 pp, " * 4)
        for aspect, verdict in (("a", "REFUTED"), ("b", "SUPPORTED"), ("c", "OPEN"), ("d", "OPEN"))
    )
    titles = ("A0.1", "A0.1", "A0.2", "A0.2")
    blocks = (
        Paragraph(UNBROKEN),
        Lines((UNBROKEN,)),
        Table(UNBROKEN, columns, rows),
        Table("Verdicts", ("aspect", "verdict", "measured"), verdicts, 3, titles),
        Picture("figure", UNBROKEN, svg, "paired"),
        Listing(UNBROKEN, UNBROKEN),
    )
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_text(path, html.render(Document(UNBROKEN, (Section(UNBROKEN, blocks),))))
    return path


def _browse(page: Path, *arguments: str) -> str:
    """Run the browser once, without the sandbox that a container has no right to."""
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", f"--user-data-dir={page.parent / 'profile'}", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def _measure(page: Path, width: int) -> dict[str, Any]:
    wrapper = page.with_name(f"wrapper-{width}.html")
    wrapper.write_text(WRAPPER.format(width=width), encoding="utf-8")
    dom = _browse(page, "--allow-file-access-from-files", "--dump-dom", wrapper.as_uri())
    title = re.search("<title>(.*?)</title>", dom)
    assert title, dom[:500]
    found: dict[str, Any] = json.loads(unescape(title[1]))
    return found


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_as_wide_as_the_window_and_wide_tables_scroll(page: Path, width: int) -> None:
    found = _measure(page, width)
    assert width - 20 <= found["window"] <= width  # less a scroll bar
    assert found["page"] == found["window"]
    assert found["box"] < found["window"]
    assert found["table"] > found["box"]
    assert 0.7 * min(width, 700) < found["figure"] < found["window"]
    assert 500 < found["drawing"] < 1280  # its letters can be read; on a phone it is scrolled


@pytest.mark.parametrize("width", [375, 1280])
def test_a_table_under_titles_fits_a_phone(page: Path, width: int) -> None:
    found = _measure(page, width)
    assert found["titled"] == found["room"] < width


def test_a_click_keeps_rows_under_their_title(page: Path) -> None:
    assert _measure(page, 1280)["grouped"] == ["A0.2", "c", "d", "A0.1", "a", "b"]


def test_a_click_sorts_by_number_and_another_turns_it_round(page: Path) -> None:
    found = _measure(page, 1280)
    assert found["up"] == ["−2.0 pp", "< 0.0001", "+1.5 pp", "1,000", "–"]
    assert found["down"] == ["1,000", "+1.5 pp", "< 0.0001", "−2.0 pp", "–"]


def test_it_is_dark_on_white(page: Path) -> None:
    picture = page.with_name("screen.png")
    _browse(page, "--window-size=1280,900", f"--screenshot={picture}", page.as_uri())
    with Image.open(picture) as image:
        assert image.width == 1280
        histogram = image.convert("L").histogram()
    assert histogram[255] > 0.7 * sum(histogram)  # paper
    assert sum(histogram[:60]) > 0.01 * sum(histogram)  # ink
