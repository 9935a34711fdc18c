"""A contrast over settings that are words: a row a setting, with levels and difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import pandas as pd

from bnbench.config import Study
from bnbench.findings.numbers import factor
from bnbench.findings.results import Finding, Level
from bnbench.plots import style
from bnbench.plots.levels import plot_levels
from bnbench.plots.paired import plot_paired
from bnbench.report.figures.figure import (
    COLUMN,
    Picture,
    Source,
    any_level,
    by_metric,
    finish,
    plain,
    register_figure,
    unit,
    wrapped,
)
from bnbench.report.figures.marks import level_of
from bnbench.report.figures.paired import paired_table
from bnbench.report.names import grouped, over_words, pair_title, settings_at, sweep_title


def _has(study: Study) -> bool:
    return any(any_level(one.metrics) and over_words(study, one) for one in study.contrasts)


@register_figure("settings", of="a contrast in levels over a grid of words", has=_has)
def draw(source: Source) -> Iterator[Picture]:
    """Draw each group of contrasts at such settings."""
    study = source.found.study
    worded = (
        one for one in source.found.contrasts if one.contrast is not None and over_words(study, one)
    )
    for group in grouped(worded, lambda one: one.group):
        yield _picture(study, group)


def _picture(study: Study, findings: Sequence[Finding]) -> Picture:
    groups = by_metric(findings)
    names = row_names(study, next(iter(groups.values())))
    lines = sum(0.26 + 0.12 * name.count("\n") for name in names)
    with style.figure(len(groups) * (0.8 + lines), width=COLUMN) as figure:
        grid = figure.subplots(len(groups), 2, squeeze=False, width_ratios=[1.15, 1])
        for (left, right), (metric, group) in zip(grid, groups.items(), strict=True):
            plot_levels(levels_table(study, group), ax=left)
            plot_paired(paired_table(row_names(study, group), group), ax=right)
            right.tick_params(axis="y", labelleft=False)
            left.set_xlabel(f"{metric.title} ({unit(metric)})", fontsize=9)
            right.set_xlabel(f"difference ({metric.quantity.unit})", fontsize=9)
        title, name = "Both sides at every setting", f"{study.name}-{findings[0].group}"
        caption = f"{pair_title(study, findings[0])}: levels, and their paired differences."
        return finish(figure, "settings", name, title, caption, sweep_title(study, findings[0]))


def row_names(study: Study, findings: Iterable[Finding]) -> list[str]:
    """Name the settings of findings; one that adds something to the one before says only what."""
    names = ["", *(settings_at(study, finding) for finding in findings)]
    return [
        wrapped(name.replace(f"{before} +", "… +") if before else name, 30)
        for before, name in pairwise(names)
    ]


def levels_table(study: Study, findings: Sequence[Finding]) -> pd.DataFrame:
    """Lay out both arms' levels, as `bnbench.plots.levels.plot_levels` draws them."""

    def row(name: str, level: Level) -> dict[str, object]:
        failed = f"{len(level.diverged)} failed" * bool(level.diverged)
        scale = factor(level.metric.quantity.unit)
        title = plain(study.arms[level.label].title)
        return {"name": name, "arm": title, "failed": failed, **level_of(level, scale)}

    names = row_names(study, findings)
    return pd.DataFrame(
        [
            row(name, getattr(finding, side))
            for side in ("baseline", "treatment")
            for name, finding in zip(names, findings, strict=True)
        ]
    )
