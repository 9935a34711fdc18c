"""A contrast over its grid: a row a metric, a column a value of further keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bnbench.config import Metric, Study
from bnbench.config.label import Label
from bnbench.findings.numbers import factor
from bnbench.findings.results import Finding, Level
from bnbench.plots import style
from bnbench.plots.sweep import plot_failures, plot_sweep, setting_axis
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
from bnbench.report.names import (
    grid_label,
    grid_of,
    key_title,
    pair_title,
    point_of,
    setting,
    setting_value,
    sweep_title,
)


def _has(study: Study) -> bool:
    return any(
        Label.parse(contrast.name).point and any_level(contrast.metrics)
        for contrast in study.contrasts
    )


@register_figure("sweep", of="a contrast in levels over a grid", has=_has)
def draw(source: Source) -> Iterator[Picture]:
    """Draw each group of contrasts at points of a grid."""
    groups: dict[str, list[Finding]] = {}
    for finding in source.found.contrasts:
        if point_of(finding):
            groups.setdefault(finding.group, []).append(finding)
    for group in groups.values():
        yield from _group(source.found.study, group)


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
        title, name = "Both sides at every setting", f"{study.name}-{findings[0].group}"
        yield finish(figure, "sweep", name, title, caption, sweep_title(study, findings[0]))


def _draw_panels(
    table: pd.DataFrame, metric: Metric, panels: Sequence[str], axes: Sequence[Axes]
) -> None:
    accuracy = metric.quantity.unit == "pp" and metric.quantity.higher_is_better
    words = bool(table["category"].any())
    for panel, ax in zip(panels, axes, strict=True):
        rows = table[table["panel"] == panel]
        plot_sweep(
            rows.assign(arm=rows["arm"].map(plain)), percent=accuracy, ax=ax, categories=words
        )
    if axes[0].get_yscale() == "log":  # a band may reach 0, which is nowhere on it
        values = table["value"].to_numpy(float)
        axes[0].set_ylim(0.8 * np.nanmin(values), 1.25 * np.nanmax(values))
    axes[0].set_ylabel(wrapped(f"{metric.title} ({unit(metric)})", 24))


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
        the grid's first key or its place in the grid where values are words, with its ``tick``;
        ``panel``, the values of the other keys; ``value`` and ``failed``, percent of the runs.
    """
    rows = [
        row
        for side in ("baseline", "treatment")
        for finding in findings
        for row in _arm_at_point(study, finding, getattr(finding, side))
    ]
    points = list(dict.fromkeys(arm.point[0] for arm in study.points(grid_of(study, findings[0]))))
    table = pd.DataFrame(rows)
    if all(isinstance(point, int | float) for point in points):
        places = {setting_value(point): float(point) for point in points}  # type: ignore[arg-type]
        return _placed(table, places).assign(category=False)
    table = _without_twins(table)
    places = {tick: float(place) for place, tick in enumerate(table["tick"].unique())}
    return _placed(table, places).assign(category=True)


def _placed(table: pd.DataFrame, places: Mapping[str, float]) -> pd.DataFrame:
    return table.assign(x=table["tick"].map(places)).sort_values("x", kind="stable")


def _without_twins(table: pd.DataFrame) -> pd.DataFrame:
    """Draw once what two values have in common to the last bit: they are the same thing."""
    columns = ["arm", "panel", "kind", "seed", "value"]
    kept: dict[str, pd.DataFrame] = {}
    for tick, rows in table.groupby("tick", sort=False):
        marks = rows[columns].reset_index(drop=True)
        twin = next((name for name, one in kept.items() if one[columns].equals(marks)), None)
        if twin is None:
            kept[str(tick)] = rows.reset_index(drop=True)
        else:
            both = f"{twin} or {tick}"
            kept = {both if name == twin else name: one for name, one in kept.items()}
    return pd.concat([rows.assign(tick=name) for name, rows in kept.items()], ignore_index=True)


def _arm_at_point(study: Study, finding: Finding, level: Level) -> Iterator[dict[str, Any]]:
    """List the marks of one arm at one point: its runs and their mean."""
    values = level.values  # noqa: PD011 -- a dict
    if not values:
        return
    first, *others = study.arms[grid_label(study, finding)].point
    keys = study.grid_keys[grid_of(study, finding)]
    known = {
        "arm": study.arms[level.label].title,
        "tick": setting_value(first),
        "panel": ", ".join(
            setting(key, value) for key, value in zip(keys[1:], others, strict=True)
        ),
        "failed": 100 * len(level.diverged) / len(values),
        "status": "complete",
    }
    scale = factor(finding.metric.quantity.unit)
    for seed, value in sorted(values.items()):
        yield known | {"kind": "run", "seed": seed, "value": scale * value}
    yield known | {"kind": "mean", "n": len(values), **level_of(level, scale)}
