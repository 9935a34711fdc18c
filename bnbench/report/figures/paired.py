"""The paired differences of contrasts in levels: a panel a metric, a row a contrast."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from bnbench.config import Metric, Study
from bnbench.findings.names import (
    arm_title,
    change_title,
    grouped,
    settings_at,
)
from bnbench.findings.numbers import in_unit
from bnbench.findings.results import Finding
from bnbench.plots import style
from bnbench.plots.paired import plot_paired
from bnbench.report.figures.figure import (
    COLUMN,
    Picture,
    Source,
    any_level,
    by_metric,
    finish,
    mark,
    register_figure,
    wrapped,
)
from bnbench.report.short_names import short_names

LETTERS = {1: 40, 2: 20, 3: 14}
"""In a line of a row's name, by how many panels stand side by side."""
TITLE_LETTERS = {1: 90, 2: 36, 3: 24}


def _has(study: Study) -> bool:
    single = [contrast.metrics for contrast in study.contrasts if not contrast.point]
    best = [planned.metrics for planned in study.best]
    return bool(study.changes) or any(map(any_level, single + best))


@register_figure(
    "paired",
    of="a change, or a contrast in levels, such as test_accuracy, besides those over a grid",
    has=_has,
)
def draw(source: Source) -> Iterator[Picture]:
    """Draw the paired differences of contrasts outside sweeps, and of all changes."""
    found, study = source.found, source.found.study
    findings = [finding for finding in found.all if finding.contrast]
    if single := [finding for finding in findings if not finding.point]:
        names, caption = _contrast_names(study, single)
        yield _picture(f"{study.name}-paired", "Paired differences", caption, names, single)
    swept = (change for change in found.changes if change.contrast and change.point)
    for group in grouped(swept, lambda change: change.group):
        title, name = change_title(study, group[0]), f"{study.name}-{group[0].group}-paired"
        names = {change.name: settings_at(study, change) for change in group}
        caption = "How much the lead changes in each row, seed by seed."
        yield _picture(name, title, caption, names, group, beside=title)


def _picture(
    name: str,
    title: str,
    caption: str,
    names: Mapping[str, str],
    findings: Sequence[Finding],
    beside: str = "",
) -> Picture:
    """Draw findings, a panel a metric; `names` are those of their contrasts."""
    groups = by_metric(findings)
    columns = _columns(len(groups), names.values())
    written = {key: wrapped(words, LETTERS[columns]) for key, words in names.items()}
    titles = [wrapped(metric.title, TITLE_LETTERS[columns]) for metric in groups]
    row_height = 0.26 + 0.12 * _lines(written.values())  # inches
    counts = [*map(len, groups.values())]
    most = [max(counts[first : first + columns]) for first in range(0, len(counts), columns)]
    heights = [0.6 + 0.15 * _lines(titles) + row_height * rows for rows in most]
    with style.figure(sum(heights), width=COLUMN) as figure:
        ratios = heights if columns > 1 else most
        grid = figure.add_gridspec(len(most), columns, height_ratios=ratios)
        for position, (metric, group) in enumerate(groups.items()):
            row, column = divmod(position, columns)
            cell = grid[row, column]
            alone = columns == 1
            ax = figure.add_subplot(cell) if alone else _panel(figure, cell, len(group), most[row])
            plot_paired(paired_table([written[row.name] for row in group], group), ax=ax)
            ax.set_title(titles[position], loc="left", fontsize=9)
            ax.set_xlabel(_better(metric), fontsize=8.5)
        return finish(figure, name, title, caption, beside)


def _columns(panels: int, names: Iterable[str]) -> int:
    """Choose how many panels stand side by side: as many in each row, with names of two lines."""
    names = list(names)
    for columns in (2, 3):
        if panels % columns == 0 and _lines(wrapped(name, LETTERS[columns]) for name in names) <= 2:
            return columns
    return 1


def _lines(texts: Iterable[str]) -> int:
    return 1 + max(text.count("\n") for text in texts)


def _panel(figure: Figure, cell: SubplotSpec, rows: int, most: int) -> Axes:
    """Add a panel at the top of its cell, in which rows are as high as in the one beside it.

    Each is in a grid of its own, also where it fills it: so all are equally wide.
    """
    heights = [rows, most - rows] if rows < most else [rows]
    return figure.add_subplot(cell.subgridspec(len(heights), 1, height_ratios=heights)[0])


def _contrast_names(study: Study, findings: Sequence[Finding]) -> tuple[dict[str, str], str]:
    """Name contrasts by their treatments, where that tells them apart; else by both sides.

    The caption says what each of them differs from.
    """
    treatments = {row.name: arm_title(study, row.treatment.label) for row in findings}
    if len({*treatments.values()}) < len(treatments):
        return _pair_names(study, findings)
    baselines = {arm_title(study, row.baseline.label) for row in findings}
    if len(baselines) == 1:
        return treatments, f"How much each row differs from “{baselines.pop()}”, seed by seed."
    return treatments, (
        "How much each row differs from its baseline, seed by seed. The headings below name the"
        " baselines."
    )


def _pair_names(study: Study, findings: Sequence[Finding]) -> tuple[dict[str, str], str]:
    pairs = {
        row.name: (arm_title(study, row.treatment.label), arm_title(study, row.baseline.label))
        for row in findings
    }
    names, shared = short_names([*pairs.values()])
    caption = "How much the first of each row differs from the second, seed by seed."
    if shared:
        first, second = shared
        caption = f"How much “{first}” differs from “{second}” in each row, seed by seed."
    return dict(zip(pairs, names, strict=True)), caption


def paired_table(names: Iterable[str], findings: Iterable[Finding]) -> pd.DataFrame:
    """Lay out the differences of contrasts in one metric, as `bnbench.plots.paired` draws them."""
    pairs = zip(names, findings, strict=True)
    return pd.DataFrame([mark for name, finding in pairs for mark in _paired(name, finding)])


def _paired(name: str, finding: Finding) -> Iterator[dict[str, Any]]:
    if (contrast := finding.contrast) is None:
        return
    unit = finding.unit
    known = {"name": name, "smallest_effect": in_unit(finding.smallest_effect or math.nan, unit)}
    yield known | {"kind": "mean", **mark(contrast.mean_difference, contrast.t_interval, unit)}
    for seed, difference in zip(contrast.seeds, contrast.differences, strict=True):
        yield known | {"kind": "run", "seed": seed, "value": in_unit(difference, unit)}
    if finding.published is not None:
        yield known | {"kind": "published", "value": in_unit(finding.published, unit)}


def _better(metric: Metric) -> str:
    """Name the unit, and the better side: of what a probe measures, neither is better."""
    if metric.quantity.probe:
        return metric.quantity.unit or "difference"
    side = "above" if metric.quantity.higher_is_better else "below"
    return f"{metric.quantity.unit} (better: {side} 0)".strip()
