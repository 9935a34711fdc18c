"""A figure's SVG as an element of a page: its own names, and its looks in the page's style."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

import numpy as np

from bnbench.report.figures import Picture
from bnbench.report.joined_lines import join_lines
from bnbench.report.short_paths import shortened

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
KEPT = frozenset({"svg", "g", "path", "defs", "clipPath", "rect", "use", "text", "tspan", "image"})
LOOK = re.compile(r"[\w\s:;#.,()%'-]*")
"""A declaration list that can neither end its rule nor load anything: no brace, slash or at."""
GREY = re.compile(r"#([0-9a-f]{2})\1\1\b", re.IGNORECASE)
PART = re.compile("(axes|legend)_")
"""What a page may set below another on a phone, by matplotlib's names."""
REFERENCE = re.compile(r"url\(#(.*)\)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
WIDEST = 4
"""Units; no line of a figure is as wide."""

PLACE = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)")
OF_A_GROUP = re.compile(r"(?:^|;)\s*opacity")
"""A look that a group would have as a whole, in place of each of its elements."""
OF_A_FRAME = re.compile(r"(?!.*opacity).*stroke: var\(--g")
"""Opaque and grey, as grids, axes and ticks are."""


class Drawings:
    """The figures of one page, and the style that they share."""

    def __init__(self) -> None:
        self._classes: dict[str, str] = {}
        self._greys: set[str] = set()
        self._figures = 0
        self._names = 0

    @property
    def style(self) -> str:
        """A class a look, and the greys by name, which are turned round in the dark."""
        light = "".join(f"--g{grey}:#{grey * 3};" for grey in sorted(self._greys))
        dark = "".join(f"--g{grey}:{_dark(grey)};" for grey in sorted(self._greys))
        rules = "".join(f".{name}{{{look}}}\n" for look, name in self._classes.items())
        return (
            f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
            + rules
        )

    def inline(self, picture: Picture) -> str:
        """Write a figure as an element whose names no other figure has."""
        self._figures += 1
        prefix = f"f{self._figures}-"
        root = ElementTree.fromstring(picture.svg)
        _strip(root)
        _unclip(root)
        used = dict.fromkeys(name for element in root.iter() for name in _references(element))
        names = {name: self._name() for name in used}
        for element in root.iter():
            self._rewrite(element, names)
        root[:] = _drawn(root)
        self._share_looks(root)
        self._share_letters(root)
        join_lines(root, {name for look, name in self._classes.items() if OF_A_FRAME.match(look)})
        _entitle(root, picture, prefix)
        return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")

    def _name(self) -> str:
        """Make a name that no element of the page has; those of headings are words."""
        self._names += 1
        return f"_{np.base_repr(self._names, 36).lower()}"

    def _rewrite(self, element: ElementTree.Element, names: Mapping[str, str]) -> None:
        """Leave an element what a page needs of it: short names, and a class for its look."""
        element.tag = element.tag.removeprefix(SVG)
        name = element.attrib.pop("id", "")
        if name and name in names:
            element.set("id", names[name])
        if part := PART.match(name):
            element.set("data-part", part[1])
        if (target := element.attrib.pop(LINK, "")).startswith("data:image/png;base64,"):
            element.set("href", target)
        elif target.startswith("#"):
            element.set("href", f"#{names[target[1:]]}")
        if found := REFERENCE.fullmatch(element.get("clip-path", "")):
            element.set("clip-path", f"url(#{names[found[1]]})")
        if path := element.get("d"):
            # A tenth of a point cannot be seen where a line goes, but in a mark's shape it can.
            element.set("d", shortened(path, 2 if "id" in element.attrib else 1))
        if element.tag == "text" and (place := PLACE.fullmatch(element.get("transform", ""))):
            del element.attrib["transform"]
            element.attrib |= {"x": place[1], "y": place[2]}
        if element.tag in ("text", "use"):
            element.attrib |= {
                key: _rounded(element.attrib[key]) for key in "xy" if key in element.attrib
            }
        look = element.attrib.pop("style", "")
        if element.tag == "text" and "text-anchor" not in look:
            look += "; text-anchor: start"  # else it would have its panel's
        if look and LOOK.fullmatch(look):
            element.set("class", self._class(look))

    def _share_looks(self, root: ElementTree.Element) -> None:
        """Say once what a mark's copies say alike: of ticks the mark, of dots their group."""
        marks = {f"#{path.get('id')}": path for path in root.iter("path") if "id" in path.attrib}
        for use in root.iter("use"):
            mark = marks.get(use.get("href", ""))
            if mark is not None and use.get("class") == mark.get("class"):
                use.attrib.pop("class", None)
        whole = {name for look, name in self._classes.items() if OF_A_GROUP.search(look)}
        for group in root.iter("g"):
            looks = {child.get("class", "") for child in group if child.tag != "defs"}
            alike = {child.tag for child in group} <= {"use", "defs"} and len(looks) == 1
            if alike and "class" not in group.attrib and not looks & {"", *whole}:
                group.set("class", looks.pop())
                for use in group.findall("use"):
                    del use.attrib["class"]

    def _share_letters(self, root: ElementTree.Element) -> None:
        """Say once of each panel how most of its texts look: whatever differs says all it needs."""
        for part in root.iter("g"):
            texts = [text for text in part.iter("text") if "class" in text.attrib]
            if "data-part" not in part.attrib or "class" in part.attrib or not texts:
                continue
            looks = Counter(text.attrib["class"] for text in texts)
            part.set("class", looks.most_common(1)[0][0])
            for text in texts:
                if text.attrib["class"] == part.attrib["class"]:
                    del text.attrib["class"]

    def _class(self, look: str) -> str:
        self._greys |= {grey.lower() for grey in GREY.findall(look)}
        named = GREY.sub(lambda grey: f"var(--g{grey[1].lower()})", look)
        return self._classes.setdefault(named, f"s{len(self._classes)}")


def _rounded(number: str) -> str:
    return f"{round(float(number), 1):.10g}"


def _strip(parent: ElementTree.Element) -> None:
    """Drop what a page has no use for, such as metadata, and whatever is not plain drawing."""
    for child in list(parent):
        if child.tag.removeprefix(SVG) in KEPT:
            _strip(child)
        else:
            parent.remove(child)


def _unclip(root: ElementTree.Element) -> None:
    """Let paths go unclipped that lie in what they would be cut to, as lines of a grid do."""
    boxes = {
        clip.get("id"): tuple(float(area.get(key, "nan")) for key in ("x", "y", "width", "height"))
        for clip in root.iter(f"{SVG}clipPath")
        for area in clip.iterfind(f"{SVG}rect")
    }
    for path in root.iter(f"{SVG}path"):
        clip = REFERENCE.fullmatch(path.get("clip-path", ""))
        if clip and _lies_in(path.get("d", ""), boxes.get(clip[1])):
            del path.attrib["clip-path"]


def _lies_in(path: str, box: tuple[float, ...] | None) -> bool:
    if box is None or not (numbers := list(map(float, NUMBER.findall(path)))):
        return False
    x, y, width, height = box
    rights, downs = numbers[::2], numbers[1::2]
    straight = len(rights) == 2 and (len({*rights}) == 1 or len({*downs}) == 1)
    edge = -0.01 if straight else WIDEST / 2  # of a line of a grid no more than its cap goes over
    return (
        x + edge <= min(rights) and max(rights) <= x + width - edge
        and y + edge <= min(downs) and max(downs) <= y + height - edge
    )  # fmt: skip


def _drawn(parent: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Yield what is in an element without groups that say nothing, and without line ends.

    They are a third of matplotlib's elements, and a tenth of a report. A legend's stay: the page's
    script takes it apart by them.
    """
    for child in parent:
        child.tail = None
        if child.tag != "text":
            child.text = None
            child[:] = _drawn(child)
        if child.tag == "g" and not child.attrib and parent.get("data-part") != "legend":
            yield from child
        elif child.tag != "defs" or len(child):
            yield child


def _references(element: ElementTree.Element) -> list[str]:
    names = [element.get(LINK, "").removeprefix("#")]
    return [*names, *REFERENCE.findall(element.get("clip-path", ""))]


def _entitle(root: ElementTree.Element, picture: Picture, prefix: str) -> None:
    """Say what a figure shows to those who cannot see it; the page's style gives it its size."""
    for name in ("width", "height", "version", "font-family"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "aria-labelledby": f"{prefix}title {prefix}desc"}
    for place, (tag, words) in enumerate((("title", picture.title), ("desc", picture.caption))):
        element = ElementTree.Element(tag, {"id": f"{prefix}{tag}"})
        element.text = words
        root.insert(place, element)


def _dark(grey: str) -> str:
    """Turn a grey round between the page's paper and its ink."""
    level = round(0xE6 - (0xE6 - 0x16) * int(grey, 16) / 0xFF)
    return f"#{level:02x}{level:02x}{level:02x}"
