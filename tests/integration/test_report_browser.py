"""The report in a real browser, as wide as a phone and as a desk's screen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bnbench.plots import style
from bnbench.report import html
from bnbench.report.figures import Picture
from bnbench.report.figures.figure import COLUMN
from bnbench.runs import write_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="needs a Chromium (Debian: apt-get install chromium)"
)

UNBROKEN = "a_name_that_has_no_place_to_break" * 12
NUMBERS = ("+1.5 pp", "−2.0 pp", "–", "1,000", "&lt; 0.0001")
COLUMNS = 30
TICKS = 13
CLAIMS = ("supported · A0.1: first", "refuted · A0.2: second", "supported · A1.1: third")

WIDTHS = (390, 1440)
FRAME = '<iframe src="report.html" width="{width}" height="900" style="border: 0"></iframe>'
# It says how wide the report in each frame became, and what its script does.
SCRIPT = """<script>
const measured = frame => {
  const page = frame.contentDocument;
  const column = () =>
    [...page.querySelector("table").rows].slice(1).map(row => row.cells[1].textContent);
  const button = page.querySelectorAll("th button")[1];
  const root = page.documentElement, box = page.querySelector(".box");
  const [first, wide] = page.querySelectorAll("figure svg");
  const box_of = element => element.getBoundingClientRect();
  const found = {page: root.scrollWidth, window: root.clientWidth,
    table: box.scrollWidth, box: box.clientWidth,
    figure: box_of(page.querySelector("figure")).width,
    drawing: box_of(page.querySelector("svg")).width,
    panels: [...first.querySelectorAll("[data-part=axes]")].map(one => box_of(one).top),
    letters: box_of(page.querySelector("svg text")).height,
    papers: [...first.querySelectorAll("[data-part=axes]")]
      .map(one => box_of(one.querySelector("path")).left),
    legend: [...first.querySelectorAll("[data-part=legend] text")].map(one => box_of(one).top),
    words: [...first.querySelectorAll("[data-part=legend] text")].map(one => box_of(one).left)};
  const read = [...wide.querySelectorAll("text")].filter(one => one.style.display !== "none");
  const middle = one => box_of(one).left + box_of(one).width / 2;
  const ticks = read.filter(one => one.textContent.startsWith("tick "));
  found.small = Math.min(...read.map(one => box_of(one).height));
  found.ticks = ticks.map(one => [box_of(one).left, middle(one), box_of(one).right]);
  found.marks = [...wide.querySelectorAll("[data-part=axes] use")].map(middle);
  button.click();
  found.up = column();
  button.click();
  found.down = column();
  const shown = () => [...page.querySelectorAll(".claim")].map(claim => !claim.hidden);
  const choose = (place, value) => {
    const select = page.querySelectorAll(".filter select")[place];
    select.value = value;
    select.dispatchEvent(new page.defaultView.Event("change"));
    return shown();
  };
  found.supported = choose(0, "supported");
  found.both = choose(1, "A1");
  found.all = (choose(0, ""), choose(1, ""));
  return found;
};
onload = () => {
  const frames = [...document.querySelectorAll("iframe")];
  document.title = JSON.stringify(frames.map(measured));
};
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything that is wider than a phone."""
    with style.figure(3) as figure:
        for ax, name in zip(figure.subplots(1, 2), ("1", "one million"), strict=True):
            ax.plot([1, 2], [1, 2], label="a curve")
            ax.plot([1, 2], [2, 1], label="another curve")
            ax.set_yticks([1], [name])
        style.legend(figure)
        picture = Picture("one", "A figure", UNBROKEN, style.svg(figure))
    with style.figure(3, width=COLUMN) as figure:
        ax = figure.subplots()
        ax.plot(range(TICKS), range(TICKS), marker="o", label="one panel")
        ax.set_xticks(range(TICKS), [f"tick {number}" for number in range(TICKS)])
        style.legend(figure)
        wide = Picture("two", "A wide panel", UNBROKEN, style.svg(figure))
    rows = [f"| {UNBROKEN[:60]} | {number} |" + " +1.31 pp |" * COLUMNS for number in NUMBERS]
    lines = [
        f"# {UNBROKEN}", f"## {UNBROKEN}", UNBROKEN, f"- {UNBROKEN}", f"![A](f/{picture.name}.svg)",
        f"*{UNBROKEN}*", f"![B](f/{wide.name}.svg)", f"*{UNBROKEN}*", f"*{UNBROKEN}*",
        "\n".join(["| column" * (COLUMNS + 2) + " |", "| --- " * (COLUMNS + 2) + "|", *rows]),
        *(
            part
            for claim in CLAIMS
            for part in (f"<details><summary>{claim}</summary>", UNBROKEN, "</details>")
        ),
        f"```\n{UNBROKEN}\n```",
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("report") / "report.html"
    pictures = {picture.name: picture, wide.name: wide}
    write_text(path, html.render("\n\n".join(lines), pictures))
    return path


def browse(page: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser once, without the sandbox that a container has no right to."""
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--hide-scrollbars", f"--user-data-dir={page.parent / 'profile'}", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.fixture(scope="module")
def everywhere(page: Path) -> dict[int, dict[str, Any]]:
    """What a browser found at each width, the console's messages among it."""
    wrapper = page.with_name("wrapper.html")
    frames = "".join(FRAME.format(width=width) for width in WIDTHS)
    wrapper.write_text(f'<body style="margin: 0">{frames}{SCRIPT}', encoding="utf-8")
    done = browse(
        page, "--allow-file-access-from-files", "--enable-logging=stderr", "--dump-dom",
        wrapper.as_uri(),
    )  # fmt: skip
    title = re.search("<title>(.*?)</title>", done.stdout)
    assert title, done.stdout[:500]
    said = {"console": re.findall("CONSOLE.*", done.stderr)}
    measured = zip(WIDTHS, json.loads(unescape(title[1])), strict=True)
    return {width: found | said | {"width": width} for width, found in measured}


@pytest.fixture(params=WIDTHS)
def found(everywhere: dict[int, dict[str, Any]], request: pytest.FixtureRequest) -> dict[str, Any]:
    return everywhere[request.param]


def test_the_page_is_as_wide_as_the_window_and_wide_tables_scroll(found: dict[str, Any]) -> None:
    assert found["width"] - 20 <= found["window"] <= found["width"]  # less a scroll bar
    assert found["page"] == found["window"]
    assert found["box"] < found["window"]
    assert found["table"] > found["box"]


def test_figures_are_as_wide_as_their_column_and_stand_upright_on_phones(
    found: dict[str, Any],
) -> None:
    assert found["drawing"] == pytest.approx(found["figure"], abs=1)
    left, right = found["panels"]
    assert (right > left + 50) is (found["width"] < 600)
    assert found["letters"] > 9  # pixels: they can be read
    first, second = found["legend"]
    assert (second > first + 5) is (found["width"] < 600)  # its columns, too
    for begins in (found["papers"], found["words"]):  # whatever stands left of them
        assert (begins[0] == pytest.approx(begins[1], abs=1)) is (found["width"] < 600)


def test_a_wide_panel_has_letters_that_can_be_read_and_marks_above_their_ticks(
    found: dict[str, Any],
) -> None:
    assert found["small"] > 9
    assert (len(found["ticks"]) < TICKS) is (found["width"] < 600)  # those that would touch
    for (_, _, right), (left, _, _) in pairwise(found["ticks"]):
        assert right < left
    assert len(found["marks"]) == TICKS
    for place in (0, -1):
        assert found["marks"][place] == pytest.approx(found["ticks"][place][1], abs=2)


def test_a_click_sorts_by_number_and_another_turns_it_round(found: dict[str, Any]) -> None:
    assert found["up"] == ["−2.0\xa0pp", "< 0.0001", "+1.5\xa0pp", "1,000", "–"]
    assert found["down"] == ["1,000", "+1.5\xa0pp", "< 0.0001", "−2.0\xa0pp", "–"]


def test_claims_are_chosen_by_verdict_and_article(found: dict[str, Any]) -> None:
    assert found["supported"] == [True, False, True]
    assert found["both"] == [False, False, True]
    assert found["all"] == [True, True, True]


def test_the_console_stays_silent(found: dict[str, Any]) -> None:
    """Whatever the policy forbids would be said there, a request among it."""
    assert found["console"] == []


@pytest.mark.parametrize(("scheme", "paper"), [("1", 255), ("0", 0x16)])
def test_it_is_dark_on_white_or_light_on_dark(page: Path, scheme: str, paper: int) -> None:
    picture = page.with_name("screen.png")
    browse(
        page, f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1440,900",
        f"--screenshot={picture}", page.as_uri(),
    )  # fmt: skip
    with Image.open(picture) as image:
        assert image.width == 1440
        histogram = image.convert("L").histogram()
    assert histogram[paper] > 0.6 * sum(histogram)
    ink = histogram[:60] if paper == 255 else histogram[180:]
    assert sum(ink) > 0.01 * sum(histogram)
