"""The frame of a figure's area in fewer elements: its grid, its axes and its ticks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from xml.etree.ElementTree import Element

LINE = re.compile(r"M(\S+ ?\S+)[hv]-?[\d.]+")
"""A path along an axis, as `bnbench.report.short_paths.shortened` writes it."""

AT_ORIGIN = "M0 0"


def join_lines(root: Element, looks: Collection[str]) -> None:
    """Draw the straight lines of an area that look alike as one path, where the first is.

    Parameters
    ----------
    looks : collection of str
        Classes of lines that may change their places in the order of drawing: opaque, and of the
        frame, not of what is measured.
    """
    marks = {f"#{mark.get('id')}": mark for mark in root.iter("path") if "id" in mark.attrib}
    for parent in list(root.iter("g")):
        first: dict[str, Element] = {}
        for child in list(parent):
            look, path = _line(child, marks)
            if look not in looks or not path:
                continue
            if look in first:
                first[look].set("d", first[look].get("d", "") + path)
                parent.remove(child)
            else:
                first[look] = Element("path", {"d": path, "class": look})
                parent[list(parent).index(child)] = first[look]
    _drop_unused(root, {use.get("href", "") for use in root.iter("use")})


def _line(element: Element, marks: Mapping[str, Element]) -> tuple[str, str]:
    """Read the look and the path of a line, or of a tick, which is a mark's copy; else nothing."""
    path, look = element.get("d", ""), element.get("class", "")
    if element.tag == "use" and (mark := marks.get(element.get("href", ""))) is not None:
        of_mark, look = mark.get("d", ""), mark.get("class", "")
        if (
            LINE.fullmatch(of_mark)
            and of_mark.startswith(AT_ORIGIN)
            and "class" not in element.attrib
        ):
            return look, f"M{element.get('x')} {element.get('y')}{of_mark[len(AT_ORIGIN) :]}"
    elif LINE.fullmatch(path) and element.attrib.keys() == {"d", "class"}:
        return look, path
    return "", ""


def _drop_unused(root: Element, used: Collection[str]) -> None:
    for parent in list(root.iter()):
        for defs in parent.findall("defs"):
            for mark in defs.findall("path"):
                if f"#{mark.get('id')}" not in used:
                    defs.remove(mark)
            if not len(defs):
                parent.remove(defs)
