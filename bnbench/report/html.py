"""A document as one HTML file: style, figures and script inside, nothing fetched."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bnbench.report.document import Document, Picture

# What a file of its own needs, and an element of a page does not; group names are nowhere used.
DROPPED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->"
    r"| xmlns(:xlink)?=\"[^\"]*\"|(?<=<g) id=\"[^\"]*\"",
    re.DOTALL,
)
NAMES = re.compile(r"(id=\"|xlink:href=\"#|url\(#)")
STYLES = re.compile(r' style="([^"]*)"')


def render(document: Document) -> str:
    """Write a document as HTML.

    Parameters
    ----------
    document : Document
        All of its texts are escaped; its figures are matplotlib's SVG.
    """
    environment = Environment(
        loader=PackageLoader("bnbench.report"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    numbers = count(1)
    environment.filters["kind"] = _kind
    environment.filters["inline"] = lambda picture: inline(picture, f"f{next(numbers)}-")
    return environment.get_template("report.html").render(document=document) + "\n"


def inline(picture: Picture, prefix: str) -> Markup:
    """Turn an SVG file into an element of a page on which every name is there once.

    What many of its elements look like is said once, in classes of the figure's own.

    Parameters
    ----------
    picture : Picture
    prefix : str
        Of all names; no other figure of the page has it.
    """
    element = NAMES.sub(rf"\g<1>{prefix}", DROPPED.sub("", picture.svg))
    looks = dict.fromkeys(STYLES.findall(element))
    classes = {look: f"{prefix}{number}" for number, look in enumerate(looks)}
    rules = "".join(f".{name}{{{look}}}" for look, name in classes.items())
    element = STYLES.sub(lambda look: f' class="{classes[look[1]]}"', element)
    element = element.replace("xlink:href", "href").strip()
    return Markup(element.replace("</svg>", f"<style>{rules}</style></svg>"))


def _kind(block: Any) -> str:
    return type(block).__name__
