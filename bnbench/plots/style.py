"""How every figure looks, and how it becomes files: on paper, in grey, and byte for byte."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.artist import Artist
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image

from bnbench.runs import written_whole

PAGE_WIDTH = 6.3
"""Inches: the text width of A4 or letter paper between usual margins."""

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": 10,
    "axes.titlesize": 10,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,  # long enough to tell a dash from a dot
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "0.9",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "savefig.dpi": 200,
    "svg.fonttype": "path",  # letters as outlines: no viewer has to have the font
    "svg.hashsalt": "bnbench",  # else every rendering has other ids
}

PLACES = re.compile(r'(?<= )(?:d|x|y|width|height|points)="[^"]*"')
DECIMALS = re.compile(r"(?<=\.\d\d)\d+")
FAMILY = re.compile(r"(; )?font-family: 'DejaVu Sans'")
# Said once for all letters: where DejaVu is missing, Verdana is as wide.
FAMILIES = "<svg font-family=\"'DejaVu Sans', Verdana, sans-serif\" "
NOTHING_TURNED = re.compile(r' transform="rotate\(-0 [^"]*"|^ +', re.MULTILINE)

# No date and no version of matplotlib: the same table gives the same bytes tomorrow.
METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": "bnbench"},
    "svg": {"Date": None, "Creator": "bnbench"},
    "pdf": {"CreationDate": None, "Creator": "bnbench", "Producer": "bnbench"},
}


@dataclass(frozen=True)
class Look:
    """Colour, dashes and marker of one curve: each alone tells it from the others.

    Attributes
    ----------
    dashes : str or tuple
        matplotlib's line style.
    """

    color: str
    dashes: str | tuple[int, tuple[float, ...]]
    marker: str


# The colours are after M. Okabe and K. Ito, "Color Universal Design" (2008), which colour-blind
# readers tell apart; the light ones are darker here, at 3:1 against white. Dashed is kept for what
# was published.
EXPERIMENTS = (
    Look("#0072B2", "-", "o"),
    Look("#D55E00", (0, (6, 1.2, 1.2, 1.2)), "s"),
    Look("#009E73", (0, (1.2, 1.2)), "^"),
    Look("#B0558A", (0, (8, 1.2)), "D"),
    Look("#A87400", (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)), "v"),
    Look("#2C8AC2", (0, (3, 1.2, 1.2, 1.2)), "P"),
)
"""The first is the baseline."""

SPLITS = {
    "train": Look("#A87400", (0, (6, 1.2, 1.2, 1.2)), "D"),
    "validation": Look("#009E73", "-", "^"),
}

PUBLISHED_COLORS = ("black", "0.45")
PUBLISHED_DASHES = (0, (4, 2.5))

FINE = 0.4
"""Points: lines of single seeds. Fine, not faint: they stay behind the mean, and at 3:1."""

ONE_BATCH = "single batches of one seed"
BATCHES_RANGE = "least and largest loss of a batch, all seeds"
ONE_SEED = "single seeds"
SEED_DOTS = "one dot a seed"
SEEDS_MEAN = "mean of the seeds"
PUBLISHED = "published (one run)"
ARTICLES_RUN = "the article's run"
PUBLISHED_EXTREMES = "published extremes (one run)"
BAND = "95 % t interval of the mean"
BAR = f"bar: {BAND}"
DIVERGED = "diverged"
BEFORE = "before training"
NOW = "now: 15th to 85th percentile, median"

# What several curves have in common stands once in the legend, without anyone's colour.
SHARED_HANDLES: dict[str, Artist] = {
    ONE_BATCH: Line2D([], [], color="0.35", linewidth=3, alpha=0.3),
    BATCHES_RANGE: Line2D([], [], color="0.35", linewidth=FINE),
    ONE_SEED: Line2D([], [], color="0.35", linewidth=FINE),
    SEED_DOTS: Line2D([], [], color="0.35", linestyle="none", marker=".", markersize=5),
    SEEDS_MEAN: Line2D([], [], color="0.35", linewidth=1.8),
    BAND: Patch(color="0.35", alpha=0.25, linewidth=0),
    BAR: Line2D([], [], color="0.35", linestyle="none", marker="|", markersize=9),
    BEFORE: Line2D([], [], color="0.55", linewidth=5),
    NOW: Line2D([], [], color="0.35", linewidth=2.2),
    DIVERGED: Line2D([], [], color="0.2", linestyle="none", marker="x", markersize=7),
}


SMALL = 0.75
"""Letters of notes, as a share of those of the axes' labels."""


def experiment_look(position: int) -> Look:
    """Choose the look of the experiment at a position, 0 being the baseline; they repeat."""
    return EXPERIMENTS[position % len(EXPERIMENTS)]


@dataclass(frozen=True)
class Form:
    """In what form figures are wanted: for a page, a slide or a paper.

    Attributes
    ----------
    formats : tuple of str
        Of `METADATA`.
    width : float
        Inches.
    font_size : float
        Points, of the axes' labels; other letters are larger or smaller with them.
    title : str
        Above each figure; empty: none.
    """

    formats: tuple[str, ...] = ("png", "svg")
    width: float = PAGE_WIDTH
    font_size: float = 10
    title: str = ""


@contextmanager
def figure(height: float, *, width: float = PAGE_WIDTH, font_size: float = 10) -> Iterator[Figure]:
    """Open an empty figure, in this style and whatever the user's matplotlibrc says.

    Parameters
    ----------
    height, width : float
        Inches, without the room that `legend` and `note` add to the height.
    font_size : float, default 10
        Points.

    Yields
    ------
    Figure
        Of no backend: draw on it and `save` it inside the block, which leaves matplotlib's
        settings as they were.
    """
    letters = {
        name: SETTINGS[name] * font_size / SETTINGS["font.size"]
        for name in ("font.size", "axes.titlesize", "legend.fontsize")
    }
    with matplotlib.style.context(["default", SETTINGS, letters]):
        yield Figure(figsize=(width, height), layout="constrained")


LEGENDS = ((2, 75), (1, 75), (1, 50), (1, 35), (1, 25), (1, 15))
"""Columns, and letters in a line: the first that fits is taken."""


def legend(figure: Figure) -> None:
    """Put one legend for all axes below them, in two columns, and in long lines, where they fit.

    Curves of one label share an entry, which shows the markers of all of them. The figure grows,
    so that the axes stay as large as they were.

    Parameters
    ----------
    figure : Figure
        With its axes drawn.
    """
    handles: dict[str, list[Artist]] = {}
    for ax in figure.axes:
        drawn: dict[str, list[Artist]] = {}
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            drawn.setdefault(label, []).append(handle)
        handles = drawn | handles
    last = [PUBLISHED, *SHARED_HANDLES]
    labels = sorted(handles, key=lambda label: last.index(label) if label in last else -1)
    entries: list[Any] = [SHARED_HANDLES.get(label, tuple(handles[label])) for label in labels]
    for columns, letters in LEGENDS:
        box = figure.legend(
            entries,
            ["\n".join(textwrap.wrap(label, letters)) for label in labels],
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0.8)},
            loc="outside lower center",
            ncols=columns,
        )
        extent = box.get_window_extent()
        if extent.width < figure.bbox.width or (columns, letters) == LEGENDS[-1]:
            break
        box.remove()
    _grow(figure, extent.height / figure.dpi)


def note(figure: Figure, lines: Sequence[str], title: str = "") -> None:
    """Write what a reader must know of this figure above it, in small letters.

    Below a title, if there is one, the letters are as large as the axes' labels.
    """
    if lines or title:
        points = matplotlib.rcParams["font.size"] * (1 if title else SMALL)
        letters = int(figure.get_figwidth() * 127.5 / points)
        told = [title, *lines] if title else lines
        text = "\n".join(part for line in told for part in textwrap.wrap(line, letters))
        above = figure.suptitle(text, fontsize=points, color="0.25", x=0.01, ha="left")
        _grow(figure, above.get_window_extent().height / figure.dpi)


def _grow(figure: Figure, height: float) -> None:
    figure.set_figheight(figure.get_figheight() + height)


def save(
    figure: Figure, folder: Path, name: str, formats: Sequence[str] = Form.formats
) -> list[Path]:
    """Write a figure as ``<name>.<format>``, each file whole or not at all.

    Parameters
    ----------
    figure : Figure
        Inside the block of `figure`, whose settings decide the bytes.
    folder : Path
        Made where it is missing.
    name : str
        Without suffix.
    formats : sequence of str
        Of `METADATA`.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # savefig would lay it out, and so draw it, again in each format
    paths = []
    for suffix in formats:
        metadata = METADATA[suffix]
        path = folder / f"{name}.{suffix}"
        with written_whole(path) as beside:
            figure.savefig(beside, format=suffix, metadata=metadata)
            if suffix == "png":
                _reduce_colors(beside)
        paths.append(path)
    return paths


def _reduce_colors(path: Path) -> None:
    """Keep 256 colours of a PNG, a quarter of its bytes: figures have few colours of their own."""
    with Image.open(path) as image:
        reduced = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        reduced.save(path, format="png", optimize=True, dpi=image.info["dpi"])


def svg(figure: Figure) -> str:
    """Write a figure as the text of an SVG file, the same text every time.

    Letters stay text, which can be searched and read out and takes a third of the bytes of
    their outlines. Places are rounded to 0.01 points.

    Parameters
    ----------
    figure : Figure
        Inside the block of `figure`, whose settings decide the text.
    """
    file = io.BytesIO()
    # Figure.savefig draws every figure twice, and nothing here needs the first time.
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        FigureCanvasSVG(figure).print_svg(file, metadata=METADATA["svg"])  # type: ignore[no-untyped-call]
    text = NOTHING_TURNED.sub("", FAMILY.sub("", file.getvalue().decode()))
    text = text.replace("<svg ", FAMILIES, 1)
    return PLACES.sub(lambda places: DECIMALS.sub("", places[0]), text)
