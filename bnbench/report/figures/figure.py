"""What a kind of figure is: what in a study it is drawn of, and how."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bnbench.config import Metric, Study
from bnbench.config.loading import read_mapping
from bnbench.config.places import place_of
from bnbench.errors import BnbenchError
from bnbench.findings.names import grouped
from bnbench.findings.numbers import in_unit
from bnbench.findings.results import Finding, Level, StudyFindings
from bnbench.findings.study_runs import StudyRuns
from bnbench.plots import style
from bnbench.registry import Registry, unknown
from bnbench.statistics import Interval

BRACKETS = re.compile(r"\[[^\]]*\]")
COLUMN = 8.5
"""Inches, of a figure that is as wide as the report's column."""


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes
    ----------
    name : str
        Of a file, without suffix; no other figure of the report has it.
    title : str
        What is shown, in a few words.
    svg : str
        A whole SVG file, as `bnbench.plots.style.svg` gives it.
    beside : str
        Title of the group of tables that it belongs to; empty: it stands at the study's head.
    """

    name: str
    title: str
    caption: str
    svg: str
    beside: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """What the figures of a study are drawn of.

    Attributes
    ----------
    curves : DataFrame
        As `bnbench.report.curves.accuracy_table` returns it, of the study's experiments; arms
        without rows are not drawn.
    runs : StudyRuns or None
        ``None``: nothing is drawn of what probes saw.
    """

    found: StudyFindings
    curves: pd.DataFrame
    runs: StudyRuns | None = None


Draw = Callable[[Source], Iterator[Picture]]


@dataclass(frozen=True)
class Kind:
    """A kind of figure.

    Attributes
    ----------
    of : str
        What in a study it is drawn of, for whoever chooses a figure that there cannot be.
    has : callable
        Whether a study has that.
    probe : str
        The probe whose looks are drawn; empty: none.
    """

    of: str
    has: Callable[[Study], bool]
    draw: Draw
    probe: str = ""


KINDS = Registry[Kind]("figure")
"""By name; their files' order is the order in which figures stand at the head of a study."""


def register_figure(
    name: str, of: str, has: Callable[[Study], bool], probe: str = ""
) -> Callable[[Draw], Draw]:
    """Enter a kind of figure; see `Kind`."""

    def enter(draw: Draw) -> Draw:
        KINDS.add(name, Kind(of, has, draw, probe))
        return draw

    return enter


def draw_all(source: Source, *, without: Collection[str] = ()) -> tuple[Picture, ...]:
    """Draw every figure that a study has; where it chooses, those alone, at its head."""
    study = source.found.study
    names = KINDS if study.figures is None else study.figures
    chosen = [KINDS[name] for name in names if name not in without]
    return tuple(picture for kind in chosen for picture in kind.draw(source))


def check_figures(study: Study) -> None:
    """Refuse figures that a study chooses and cannot have, with one line each."""
    if not study.figures:
        return
    _, places = read_mapping(Path(study.path), "study")
    problems = [
        problem
        for position, name in enumerate(study.figures)
        for problem in _problems(study, name, study.figures[:position],
                                 place_of(places, f"figures.{position}", study.path))
    ]  # fmt: skip
    if problems:
        raise BnbenchError(*problems)


def _problems(
    study: Study, name: str, before: tuple[str, ...], place: str
) -> Iterator[str | BnbenchError]:
    if name not in KINDS:
        yield unknown("figure", name, KINDS, place)
    elif name in before:
        yield f"{place}: {name} stands here a second time; remove one"
    elif not KINDS[name].has(study):
        yield (
            f"{place}: the study has no {name} figure, which is of {KINDS[name].of}; leave it out"
        )


def any_level(metrics: Iterable[Metric]) -> bool:
    """Whether one of several metrics is a level."""
    return any(metric.quantity.kind == "level" for metric in metrics)


def finish(figure: Figure, name: str, title: str, caption: str, beside: str = "") -> Picture:
    """Add the legend, and write the figure."""
    style.legend(figure)
    return Picture(name, title, caption, style.svg(figure), beside)


def by_metric(findings: Iterable[Finding]) -> dict[Metric, list[Finding]]:
    """Group findings; two metrics of one text are one, though NaN, a threshold, is not itself."""
    groups = grouped(findings, lambda finding: finding.metric.text)
    return {group[0].metric: group for group in groups}


def mark(value: float, ends: Interval, unit: str) -> dict[str, float]:
    """An estimate with its interval, as the columns of a table, in the unit that an axis shows."""
    numbers = {"value": value, "lower": ends.low, "upper": ends.high}
    return {name: in_unit(number, unit) for name, number in numbers.items()}


def mark_of(level: Level) -> dict[str, float]:
    """A level with its 95 % t interval, and what was published; NaN where there is none."""
    published = math.nan if level.published is None else in_unit(level.published, level.unit)
    summary = level.summary
    if summary is None:
        return {"value": math.nan, "lower": math.nan, "upper": math.nan, "published": published}
    return {**mark(summary.mean, summary.interval, level.unit), "published": published}


def named(quantity: str, unit: str) -> str:
    """Name what an axis shows, with its unit if it has one."""
    return f"{quantity} ({unit})" if unit else quantity


def wrapped(text: str, width: int) -> str:
    """Break a text into as few lines as there can be, and these into about equal ones.

    No line ends within brackets, as in [0, 1].
    """
    words = BRACKETS.sub(lambda one: one[0].replace(" ", "\xa0"), plain(text))
    fewest = len(textwrap.wrap(words, width))
    lines = (textwrap.wrap(words, narrower) for narrower in range(1, width + 1))
    return "\n".join(next((one for one in lines if len(one) <= fewest), []))


def plain(text: str) -> str:
    """Keep matplotlib from reading dollars in a title as mathematics."""
    return text.replace("$", r"\$")
