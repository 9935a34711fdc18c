"""A contrast over its grid: a row a metric, a column a value of further keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bnbench.config import Metric, Study
from bnbench.findings.names import (
    grid_keys,
    grid_label,
    grouped,
    key_title,
    pair_title,
    setting_value,
    settings,
    sweep_title,
    swept_over,
)
from bnbench.findings.numbers import in_unit, level_unit
from bnbench.findings.results import Finding, Level
from bnbench.plots import style
from bnbench.plots.sweep import plot_failures, plot_sweep, scale_levels, setting_axis
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
from bnbench.words import counted


def _has(study: Study) -> bool:
    swept = (contrast for contrast in study.contrasts if swept_over(study, contrast) == "numbers")
    return any(any_level(contrast.metrics) for contrast in swept)


@register_figure("sweep", of="a contrast in levels over a grid of numbers", has=_has)
def draw(source: Source) -> Iterator[Picture]:
    """Draw contrasts over settings that are numbers, such as learning rates."""
    study = source.found.study
    found = source.found.contrasts
    swept = (finding for finding in found if swept_over(study, finding) == "numbers")
    for group in grouped(swept, lambda finding: finding.group):
        yield from _group(study, group)


def _group(study: Study, findings: Sequence[Finding]) -> Iterator[Picture]:
    """Draw one group; a last, lower row shows the failed runs, if there are any."""
    groups = by_metric(
        finding
        for finding in findings
        if finding.metric.quantity.kind == "level"
        if finding.treatment.values or finding.baseline.values  # noqa: PD011 -- dicts
    )
    if not groups:
        return
    tables = {metric: sweep_table(study, group) for metric, group in groups.items()}
    first = next(iter(tables.values()))
    setting = key_title(grid_keys(study, findings[0])[0])
    failures = first["failed"].gt(0).any()
    panels = list(first["panel"].unique())
    room = 0.6 * (len(panels) > 1)  # for names of each panel's own
    heights = [2.1 + room] * len(tables) + [0.9 + room] * int(failures)
    with style.figure(sum(heights) + 0.3, width=COLUMN) as figure:
        grid = figure.subplots(
            len(heights), len(panels), squeeze=False, sharex=True, sharey="row",
            height_ratios=heights,
        )  # fmt: skip
        for axes, (metric, table) in zip(grid, tables.items(), strict=False):
            _draw_panels(table, metric, panels, axes)
        if failures:
            for panel, ax in zip(panels, grid[-1], strict=True):
                plot_failures(first[(first["panel"] == panel) & (first["kind"] == "mean")], ax=ax)
            grid[-1][0].set_ylabel("failed\nruns (%)")
        _finish_settings(setting, first, panels, grid)
        caption = f"{pair_title(study, findings[0])}, at every value that was run."
        caption += (
            f" {counted(_failed(findings), 'run')} failed." if failures else " No run failed."
        )
        title, name = "Both sides at every setting", f"{study.name}-{findings[0].group}"
        yield finish(figure, name, title, caption, sweep_title(study, findings[0]))


def _failed(findings: Sequence[Finding]) -> int:
    """Count the failed runs of all arms; an arm may stand in several findings."""
    sides = (side for finding in findings for side in (finding.baseline, finding.treatment))
    return len({(side.label, seed) for side in sides for seed in side.failed})


def _draw_panels(
    table: pd.DataFrame, metric: Metric, panels: Sequence[str], axes: Sequence[Axes]
) -> None:
    accuracy = metric.quantity.unit == "pp" and metric.quantity.higher_is_better
    for panel, ax in zip(panels, axes, strict=True):
        rows = table[table["panel"] == panel]
        plot_sweep(rows.assign(arm=rows["arm"].map(plain)), percent=accuracy, ax=ax)
        scale = scale_levels(table["value"].to_numpy(float), percent=accuracy, ax=ax)
    title = wrapped(named(metric.title, level_unit(metric.quantity.unit)), 24)
    axes[0].set_ylabel(f"{title},\n{scale}" if scale else title)


def _finish_settings(
    setting: str,
    table: pd.DataFrame,
    panels: Sequence[str],
    grid: NDArray[np.object_],
) -> None:
    """Name the setting below, its values at the ticks, and the panels above.

    Panels in several columns are each named in full: on a phone each stands alone.
    """
    ticks = table.drop_duplicates("tick")
    alone = len(panels) > 1
    for row in grid:
        for panel, ax in zip(panels, row, strict=True):
            ax.set_title(panel, loc="left")
            ax.set_ylabel(row[0].get_ylabel())
            if alone or ax in grid[-1]:
                ax.tick_params(labelleft=True, labelbottom=True)
                setting_axis(list(ticks["x"]), list(ticks["tick"]), ax=ax)
                ax.set_xlabel(setting)


def sweep_table(study: Study, findings: Sequence[Finding]) -> pd.DataFrame:
    """Lay out one metric over a grid, as `bnbench.plots.sweep` draws it.

    Parameters
    ----------
    findings : sequence of Finding
        Of one group and one metric, each at a point.

    Returns
    -------
    DataFrame
        The columns of `bnbench.plots.seeds` without ``published``; ``arm``; ``x``, the value of
        the grid's first key, with its ``tick``; ``panel``, the values of the other keys; ``value``
        and ``failed``, percent of the runs.
    """
    rows = [
        row
        for side in ("baseline", "treatment")
        for finding in findings
        for row in _arm_at_point(study, finding, getattr(finding, side))
    ]
    return pd.DataFrame(rows).sort_values("x", kind="stable")


def _arm_at_point(study: Study, finding: Finding, level: Level) -> Iterator[dict[str, Any]]:
    """List the marks of one arm at one point: its runs and their mean."""
    values = level.values  # noqa: PD011 -- a dict
    if not values:
        return
    first, *others = study.arms[grid_label(study, finding)].point
    keys = grid_keys(study, finding)
    known = {
        "arm": study.arms[level.label].title,
        "x": float(first),  # type: ignore[arg-type]
        "tick": setting_value(first),
        "panel": ", ".join(settings(keys[1:], others)),
        "failed": 100 * len(level.failed) / len(values),
        "status": "complete",
    }
    for seed, value in sorted(values.items()):
        yield known | {"kind": "run", "seed": seed, "value": in_unit(value, level.unit)}
    yield known | {"kind": "mean", "n": len(values), **mark_of(level)}
