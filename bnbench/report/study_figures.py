"""The figures of a study, each drawn from a tidy table, as SVG for one file or for many."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bnbench.config import Ladder, Metric, Study
from bnbench.findings.results import Finding, PublishedPoint, StudyFindings
from bnbench.plots import style
from bnbench.plots.accuracy import SPLIT_NAMES, plot_experiments
from bnbench.plots.ladder import plot_effects, plot_leads, plot_levels
from bnbench.plots.paired import plot_paired
from bnbench.plots.published_points import plot_published_points
from bnbench.plots.sweep import plot_failures, plot_sweep, setting_axis
from bnbench.report.figure_tables import (
    effects_table,
    leads_table,
    levels_table,
    paired_table,
    points_table,
    sweep_table,
)
from bnbench.report.names import arm_title, grid_of, key_title, pair_title

COLUMN = 8.5
"""Inches, of a figure that is as wide as the report's column."""

TITLES = {
    "paired": "Paired differences", "curves": "Accuracy per epoch",
    "published": "Published accuracies and ours",
    "ladder": "Levels and lead, one correction after the other",
    "effects": "What each correction does to the lead", "sweep": "Both sides at every setting",
    "contour": "The loss around the network", "distributions": "What a unit is given",
    "envelope": "The loss along a step",
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A figure.

    Attributes
    ----------
    name : str
        Of a file, without suffix; no other figure of the report has it.
    title : str
        What is shown, in a few words.
    caption : str
    svg : str
        A whole SVG file, as `bnbench.plots.style.svg` gives it.
    kind : str
        One of `bnbench.config.figures.FIGURES`.
    """

    name: str
    title: str
    caption: str
    svg: str
    kind: str


def draw_paired(study: Study, findings: Sequence[Finding]) -> Picture | None:
    """Draw the paired differences of contrasts in levels: a panel a metric, a row a contrast."""
    levels = [one for one in findings if one.contrast is not None]
    by_metric = _by_metric(levels)
    if not by_metric:
        return None
    columns = min(2, len(by_metric))
    rows = -(-len(by_metric) // columns)
    width = 18 if columns > 1 else 40
    tables = {metric: paired_table(study, group) for metric, group in by_metric.items()}
    names = {name: _wrapped(name, width) for one in tables.values() for name in one["name"]}
    lines = 1 + max(name.count("\n") for name in names.values())
    most = max(map(len, by_metric.values()))
    with style.figure(rows * (0.9 + (0.26 + 0.12 * lines) * most), width=COLUMN) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, (metric, table) in zip(axes, tables.items(), strict=False):
            plot_paired(table.assign(name=table["name"].map(names)), ax=ax)
            ax.set_title(_wrapped(metric.title, 28), loc="left", fontsize=9)
            ax.set_xlabel(_better(metric), fontsize=8.5)
        for ax in axes[len(by_metric) :]:
            ax.remove()
        caption = "Treatment minus baseline, paired by seed: a panel a metric, a row a contrast."
        return _finish(figure, "paired", f"{study.name}-paired", caption)


def draw_curves(study: Study, curves: pd.DataFrame, finding: Finding) -> Picture | None:
    """Draw both splits' accuracy per epoch of the two arms of a contrast.

    Parameters
    ----------
    study : Study
    curves : DataFrame
        As `bnbench.report.curves.accuracy_table` returns it.
    finding : Finding
        Any of the contrast.
    """
    arms = [study.arms[side.label] for side in (finding.baseline, finding.treatment)]
    titles = {arm.experiment.experiment: arm.title for arm in arms}
    tables = [curves[curves["experiment"] == name] for name in titles]
    if any(table.empty or table["epoch"].max() == 1 for table in tables):
        return None  # a single epoch is no curve
    table = pd.concat(tables)
    table = table.assign(experiment=table["experiment"].map(titles).map(_plain))
    with style.figure(3.8, width=COLUMN) as figure:
        for split, ax in zip(SPLIT_NAMES, figure.subplots(1, 2, sharey=True), strict=True):
            plot_experiments(table, split=split, ax=ax)
            ax.tick_params(labelleft=True)  # a phone shows the panels below each other
        caption = f"Accuracy per epoch: {pair_title(study, finding)}."
        return _finish(figure, "curves", f"{study.name}-{finding.group}-curves", caption)


def draw_published(study: Study, points: Sequence[PublishedPoint]) -> Picture:
    """Draw the published points against the re-runs: a row an arm, a column a split."""
    labels = list(dict.fromkeys(point.label for point in points))
    splits = [name for name in SPLIT_NAMES if name in {point.split for point in points}]
    with style.figure(2.2 * len(labels) + 0.3, width=COLUMN) as figure:
        grid = figure.subplots(len(labels), len(splits), squeeze=False, sharex=True, sharey="row")
        for axes, label in zip(grid, labels, strict=True):
            for ax, split in zip(axes, splits, strict=True):
                mine = [point for point in points if (point.label, point.split) == (label, split)]
                plot_published_points(points_table(mine), ax=ax)
                title = f"{arm_title(study, label)}, {SPLIT_NAMES[split]}: {inside_of(mine)}"
                ax.set_title(_wrapped(title, 36), loc="left", fontsize=8.5)
                ax.label_outer()
            axes[0].set_ylabel("accuracy (%)")
        caption = "Published accuracies against where one re-run falls 95 times in 100."
        return _finish(figure, "published", f"{study.name}-published", caption)


def inside_of(points: Iterable[PublishedPoint]) -> str:
    """Count the published points that their prediction intervals hold."""
    judged = [point for point in points if point.summary.n > 1]
    if not judged:
        return "one run, so no interval"
    return f"{sum(point.inside for point in judged)} of {len(judged)} inside"


def draw_ladder(found: StudyFindings, ladder: Ladder) -> Picture:
    """Draw levels (left) and lead (right) rung by rung, a row of axes a metric."""
    metrics, rungs = ladder.metrics, len(ladder.rungs)
    with style.figure(len(metrics) * (0.8 + 0.26 * rungs), width=COLUMN) as figure:
        grid = figure.subplots(len(metrics), 2, squeeze=False, width_ratios=[1.15, 1])
        for (left, right), metric in zip(grid, metrics, strict=True):
            levels = levels_table(found, ladder, metric)
            plot_levels(levels.assign(arm=levels["arm"].map(_plain)), ax=left)
            plot_leads(leads_table(found, ladder, metric), ax=right)
            right.tick_params(axis="y", labelleft=False)
            left.set_xlabel(f"{metric.title} ({_unit(metric)})", fontsize=9)
            right.set_xlabel(f"lead ({metric.quantity.unit})", fontsize=9)
        caption = (
            "From the published recipe (top) to the corrected one (bottom), one switch more a row."
        )
        return _finish(figure, "ladder", f"{found.study.name}-ladder", caption)


def draw_effects(found: StudyFindings, ladder: Ladder) -> Picture:
    """Draw what correcting each switch does to the lead, a panel a metric."""
    metrics = ladder.metrics
    with style.figure(0.7 + 0.36 * len(ladder.switches), width=COLUMN) as figure:
        axes = figure.subplots(1, len(metrics), squeeze=False, sharey=True)[0]
        for ax, metric in zip(axes, metrics, strict=True):
            plot_effects(effects_table(found, ladder, metric), ax=ax)
            ax.set_title(_wrapped(metric.title, 36), loc="left", fontsize=9)
            ax.set_xlabel(f"change of the lead ({metric.quantity.unit})")
        caption = "What correcting one switch does to the lead, with 95 % t intervals."
        return _finish(figure, "effects", f"{found.study.name}-effects", caption)


def draw_sweep(study: Study, findings: Sequence[Finding]) -> Picture | None:
    """Draw a contrast over its grid: a row a metric, a column a value of further keys.

    Parameters
    ----------
    study : Study
    findings : sequence of Finding
        Of one group, each at a point. A last, lower row shows the failed runs, if there are any.
    """
    by_metric = _by_metric(
        one
        for one in findings
        if one.metric.quantity.kind == "level"
        if one.treatment.values or one.baseline.values  # noqa: PD011 -- dicts
    )
    if not by_metric:
        return None
    tables = {metric: sweep_table(study, group) for metric, group in by_metric.items()}
    first = next(iter(tables.values()))
    setting = key_title(study.grid_keys[grid_of(study, findings[0])][0])
    failures = first["failed"].gt(0).any()
    panels = list(first["panel"].unique())
    heights = [2.1] * len(tables) + [0.9] * int(failures)
    with style.figure(sum(heights) + 0.3, width=COLUMN) as figure:
        grid = figure.subplots(
            len(heights), len(panels), squeeze=False, sharex=True, sharey="row",
            height_ratios=heights,
        )  # fmt: skip
        for axes, (metric, table) in zip(grid, tables.items(), strict=False):
            _draw_panels(table, metric, panels, axes)
        if failures:
            for panel, ax in zip(panels, grid[-1], strict=True):
                plot_failures(
                    first[(first["panel"] == panel) & (first["kind"] == "mean")],
                    ax=ax,
                    categories=bool(first["category"].any()),
                )
            grid[-1][0].set_ylabel("failed\nruns (%)")
        _finish_settings(setting, first, panels, grid)
        caption = f"{pair_title(study, findings[0])}, at every value that was run."
        if not failures:
            caption += " No run failed."
        return _finish(figure, "sweep", f"{study.name}-{findings[0].group}", caption)


def _by_metric(findings: Iterable[Finding]) -> dict[Metric, list[Finding]]:
    """Group findings; two metrics of one text are one, though NaN, a threshold, is not itself."""
    by_text: dict[str, list[Finding]] = {}
    for finding in findings:
        by_text.setdefault(finding.metric.text, []).append(finding)
    return {group[0].metric: group for group in by_text.values()}


def _draw_panels(
    table: pd.DataFrame, metric: Metric, panels: Sequence[str], axes: Sequence[Axes]
) -> None:
    accuracy = metric.quantity.unit == "pp" and metric.quantity.higher_is_better
    words = bool(table["category"].any())
    for panel, ax in zip(panels, axes, strict=True):
        rows = table[table["panel"] == panel]
        plot_sweep(
            rows.assign(arm=rows["arm"].map(_plain)), percent=accuracy, ax=ax, categories=words
        )
    if axes[0].get_yscale() == "log":  # a band may reach 0, which is nowhere on it
        values = table["value"].to_numpy(float)
        axes[0].set_ylim(0.8 * np.nanmin(values), 1.25 * np.nanmax(values))
    axes[0].set_ylabel(_wrapped(f"{metric.title} ({_unit(metric)})", 24))


def _finish_settings(
    setting: str,
    table: pd.DataFrame,
    panels: Sequence[str],
    grid: NDArray[np.object_],
) -> None:
    """Name the setting below, its values at the ticks, and the panels above."""
    ticks = table.drop_duplicates("tick")
    for panel, top, bottom in zip(panels, grid[0], grid[-1], strict=True):
        top.set_title(panel, loc="left")
        setting_axis(list(ticks["x"]), list(ticks["tick"]), ax=bottom)
        bottom.set_xlabel(setting)


def _finish(figure: Figure, kind: str, name: str, caption: str) -> Picture:
    style.legend(figure)
    return Picture(name, TITLES[kind], caption, style.svg(figure), kind)


def _better(metric: Metric) -> str:
    side = "above" if metric.quantity.higher_is_better else "below"
    return f"{metric.quantity.unit} (better: {side} 0)"


def _unit(metric: Metric) -> str:
    return "%" if metric.quantity.unit == "pp" else metric.quantity.unit


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(_plain(text), width))


def _plain(text: str) -> str:
    """Keep matplotlib from reading dollars in a title as mathematics."""
    return text.replace("$", r"\$")
