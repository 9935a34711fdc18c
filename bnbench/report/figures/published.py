"""Every point of the published curves against the re-runs: a row an arm, a column a split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from bnbench.config import Study
from bnbench.findings.names import arm_title
from bnbench.findings.results import PublishedPoint
from bnbench.plots import style
from bnbench.plots.accuracy import SPLIT_NAMES
from bnbench.plots.published_points import plot_published_points
from bnbench.report.figures.figure import COLUMN, Picture, Source, finish, register_figure, wrapped

GROUP = "The published accuracies"


def _has(study: Study) -> bool:
    return any(experiment.published is not None for experiment in study.experiments)


@register_figure("published", of="an experiment whose config names a published curve", has=_has)
def draw(source: Source) -> Iterator[Picture]:
    """Draw each published accuracy, and the interval in which one further run would fall."""
    study, points = source.found.study, source.found.published
    if not points:
        return
    labels = list(dict.fromkeys(point.label for point in points))
    splits = [name for name in SPLIT_NAMES if name in {point.split for point in points}]
    with style.figure(2.2 * len(labels) + 0.3, width=COLUMN) as figure:
        grid = figure.subplots(len(labels), len(splits), squeeze=False, sharex=True, sharey="row")
        for axes, label in zip(grid, labels, strict=True):
            for ax, split in zip(axes, splits, strict=True):
                mine = [point for point in points if (point.label, point.split) == (label, split)]
                plot_published_points(points_table(mine), ax=ax)
                title = f"{arm_title(study, label)}, {SPLIT_NAMES[split]}: {inside_of(mine)}"
                ax.set_title(wrapped(title, 36), loc="left", fontsize=8.5)
                ax.tick_params(labelleft=True, labelbottom=True)  # on a phone each panel is alone
            axes[0].set_ylabel("accuracy (%)")
        caption = "Published accuracies, and where one re-run falls 95 times in 100."
        title = "Published accuracies and ours"
        yield finish(figure, f"{study.name}-published", title, caption, GROUP)


def inside_of(points: Iterable[PublishedPoint]) -> str:
    """Count the published points that their prediction intervals hold."""
    judged = [point for point in points if point.summary.n > 1]
    if not judged:
        return "one run, so no interval"
    return f"{sum(point.inside for point in judged)} of {len(judged)} inside"


def points_table(points: Iterable[PublishedPoint]) -> pd.DataFrame:
    """Lay out one published curve, as `bnbench.plots.published_points` draws it."""
    rows = [
        {
            "epoch": point.epoch,
            "published": 100 * point.published,
            "mean": 100 * point.summary.mean,
            "lower": max(0.0, 100 * point.summary.prediction.low),
            "upper": min(100.0, 100 * point.summary.prediction.high),
            "inside": point.inside,
        }
        for point in points
    ]
    return pd.DataFrame(rows)
