"""What a figure loses on its way into a page, and what it must keep."""

from __future__ import annotations

from xml.etree import ElementTree

from bnbench.report.drawing import Drawings
from bnbench.report.figures import Picture
from tests.unit.report.test_short_paths import points_of

SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 viewBox="0 0 100 100">
<g id="axes_1">
 <path d="M 10 50 L 90 50" clip-path="url(#box)" style="stroke: #e6e6e6"/>
 <path d="M 20 20 L 30 80 L 60 40" clip-path="url(#box)" style="stroke: #0072b2"/>
 <path d="M 20 20 L 30 89 L 60 40" clip-path="url(#box)" style="stroke: #0072b2"/>
 <path d="M 20 20 L 130 80" clip-path="url(#box)" style="stroke: #0072b2"/>
 <defs><path id="tick" d="M 0 0 L 0 3.5" style="stroke: #000000"/></defs>
 <use xlink:href="#tick" x="20" y="90" style="stroke: #000000"/>
 <path d="M 10 30 L 90 30" clip-path="url(#box)" style="stroke: #e6e6e6"/>
 <use xlink:href="#tick" x="40" y="90" style="stroke: #000000"/>
 <path d="M 10 10 L 10 90" style="stroke: #0072b2"/>
 <path d="M 20 10 L 20 90" style="stroke: #0072b2"/>
 <defs><path id="dot" d="M 0 1 L 1 0 z"/></defs>
 <g clip-path="url(#box)">
  <use xlink:href="#dot" x="30" y="40" style="fill: #d55e00"/>
  <use xlink:href="#dot" x="35" y="45" style="fill: #d55e00"/>
 </g>
 <g clip-path="url(#box)">
  <use xlink:href="#dot" x="30" y="40" style="fill: #d55e00; opacity: 0.4"/>
  <use xlink:href="#dot" x="35" y="45" style="fill: #d55e00; opacity: 0.4"/>
 </g>
 <text transform="translate(12.3456 7.5)" style="font-size: 9px">words</text>
 <text x="1" y="2" style="font-size: 9px">more</text>
 <text x="3" y="4" style="font-size: 9px; text-anchor: end">at the right</text>
</g>
<defs><clipPath id="box"><rect x="10" y="10" width="80" height="80"/></clipPath></defs>
</svg>"""


def drawn() -> ElementTree.Element:
    """The figure as the second of a page, whose names are not those of the first."""
    drawings = Drawings()
    picture = Picture("name", "title", "caption", SVG, "paired")
    first, second = (ElementTree.fromstring(drawings.inline(picture)) for _ in range(2))
    ids = [{one.get("id") for one in page.iter() if one.get("id")} for page in (first, second)]
    assert not ids[0] & ids[1]
    return second


def test_a_path_is_clipped_where_its_line_could_show_outside() -> None:
    """The grid's line ends at the box, the second lies within, the third's line is too near."""
    paths = {one.get("d"): "clip-path" in one.attrib for one in drawn().iter("path")}
    assert not paths["M10 50h80M10 30h80"]
    assert not paths["M20 20l10 60 30-40"]
    assert paths["M20 20l10 69 30-49"]
    assert paths["M20 20l110 60"]


def test_the_lines_of_a_frame_are_one_path_and_those_of_data_are_not() -> None:
    page = drawn()
    paths = [str(one.get("d")) for one in page.iter("path")]
    (ticks,) = [one for one in paths if one.startswith("M20 90")]
    assert points_of(ticks) == points_of("M 20 90 L 20 93.5 M 40 90 L 40 93.5")
    assert {"M10 10v80", "M20 10v80"} <= set(paths)
    assert "M0 0v3.5" not in paths  # nobody copies the tick any more


def test_marks_keep_their_looks_each_or_as_a_group() -> None:
    page = drawn()
    dots = list(page.iter("use"))
    solid, clear = (one for one in page.iter("g") if "clip-path" in one.attrib)
    assert solid.get("class")
    assert "class" not in clear.attrib  # the group would be see-through as a whole
    assert ["class" in one.attrib for one in dots] == [False, False, True, True]


def test_letters_stay_where_they_are() -> None:
    text = next(drawn().iter("text"))
    assert (text.get("x"), text.get("y"), text.text) == ("12.3", "7.5", "words")


def test_letters_of_a_panel_have_its_look_or_one_that_says_all() -> None:
    drawings = Drawings()
    page = ElementTree.fromstring(
        drawings.inline(Picture("name", "title", "caption", SVG, "paired"))
    )
    panel = next(one for one in page.iter("g") if "data-part" in one.attrib)
    looks = [text.get("class") for text in panel.iter("text")]
    assert looks[:2] == [None, None]
    assert f".{panel.get('class')}{{font-size: 9px; text-anchor: start}}" in drawings.style
    assert f".{looks[2]}{{font-size: 9px; text-anchor: end}}" in drawings.style
