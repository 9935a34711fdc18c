"""A contrast over settings that are words: a row a setting, with levels and difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from bnbench.config import Study
from bnbench.findings.names import grouped, pair_title, settings_at, sweep_title, swept_over
from bnbench.findings.numbers import level_unit
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
    mark_of,
    named,
    plain,
    register_figure,
    wrapped,
)
from bnbench.report.figures.paired import paired_table


def _has(study: Study) -> bool:
    worded = (contrast for contrast in study.contrasts if swept_over(study, contrast) == "words")
    return any(any_level(contrast.metrics) for contrast in worded)


@register_figure("settings", of="a contrast in levels over a grid of words", has=_has)
def draw(source: Source) -> Iterator[Picture]:
    """Draw contrasts over settings that are words, such as activations: levels and differences."""
    study = source.found.study
    found = (finding for finding in source.found.contrasts if finding.contrast is not None)
    worded = (finding for finding in found if swept_over(study, finding) == "words")
    for group in grouped(worded, lambda finding: finding.group):
        yield _picture(study, group)


def _picture(study: Study, findings: Sequence[Finding]) -> Picture:
    groups = {metric: rows_of(study, group) for metric, group in by_metric(findings).items()}
    # Rows are as high as the longest name needs, so that none touches the next.
    height = max(len(names) * (0.26 + 0.12 * max(name.count("\n") for name in names))
                 for names in groups.values())  # fmt: skip
    with style.figure(len(groups) * (0.8 + height), width=COLUMN) as figure:
        grid = figure.subplots(len(groups), 2, squeeze=False, width_ratios=[1.15, 1])
        for (left, right), (metric, rows) in zip(grid, groups.items(), strict=True):
            plot_levels(levels_table(study, rows), ax=left)
            plot_paired(paired_table(rows.keys(), rows.values()), ax=right)
            left.set_xlabel(named(metric.title, level_unit(metric.quantity.unit)), fontsize=9)
            right.set_xlabel(named("difference", metric.quantity.unit), fontsize=9)
        title, name = "Both sides at every setting", f"{study.name}-{findings[0].group}"
        caption = (
            f"{pair_title(study, findings[0])}: both levels, and their difference, seed by seed."
        )
        return finish(figure, name, title, caption, sweep_title(study, findings[0]))


def rows_of(study: Study, findings: Iterable[Finding]) -> dict[str, Finding]:
    """Name the findings of one metric by their settings.

    Settings whose runs agree to the last bit are the same thing, as min-max and [0, 1] are for
    images that hold both 0 and 255: a row.
    """
    kept: dict[tuple[tuple[float, ...], ...], tuple[str, Finding]] = {}
    for finding in findings:
        name = settings_at(study, finding)
        sides = (finding.baseline, finding.treatment)
        values = tuple(tuple(side.values.values()) for side in sides)  # noqa: PD011 -- dicts
        if values in kept:
            name, finding = f"{kept[values][0]} or {name}", kept[values][1]
        kept[values] = name, finding
    return {wrapped(name, 26): finding for name, finding in kept.values()}


def levels_table(study: Study, rows: Mapping[str, Finding]) -> pd.DataFrame:
    """Lay out both arms' levels, as `bnbench.plots.levels.plot_levels` draws them."""

    def row(name: str, level: Level) -> dict[str, object]:
        failed = f"{len(level.failed)} failed" * bool(level.failed)
        title = plain(study.arms[level.label].title)
        return {"name": name, "arm": title, "failed": failed, **mark_of(level)}

    return pd.DataFrame(
        [
            row(name, getattr(finding, side))
            for side in ("baseline", "treatment")
            for name, finding in rows.items()
        ]
    )
