"""From findings to the tidy tables that a study's figures are drawn from: one row a mark.

Everything is in the unit that the axis shows: percent, percentage points, nats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from bnbench.config import Ladder, Metric, Study
from bnbench.findings.numbers import factor
from bnbench.findings.results import (
    Finding,
    Level,
    PublishedPoint,
    StudyFindings,
)
from bnbench.report.names import (
    arm_title,
    grid_label,
    grid_of,
    pair_title,
    setting,
    setting_value,
)
from bnbench.statistics import Contrast


def paired_table(study: Study, findings: Iterable[Finding]) -> pd.DataFrame:
    """Lay out the differences of contrasts in one metric, as `bnbench.plots.paired` draws them."""
    known = list(findings)
    treatments = [arm_title(study, one.treatment.label) for one in known]
    unique = len({*treatments}) == len(known)
    names = treatments if unique else [pair_title(study, one) for one in known]
    rows = [_paired(name, finding) for name, finding in zip(names, known, strict=True)]
    return pd.DataFrame([mark for row in rows for mark in row])


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


def rungs_of(found: StudyFindings, ladder: Ladder, metric: Metric) -> list[tuple[str, Finding]]:
    """The lead on each rung, which is named by what it adds to the one before."""
    names = ["as published", *(f"+ {switch}" for switch in ladder.switches)]
    leads = [found.by_name[ladder.lead(rung).name, metric.text] for rung in ladder.rungs]
    return list(zip(names, leads, strict=True))


def levels_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> pd.DataFrame:
    """Lay out both arms' levels on the ladder, as `bnbench.plots.ladder.plot_levels` draws them."""
    scale = factor(metric.quantity.unit)
    return pd.DataFrame(
        [
            {"row": row, "name": name, "arm": ladder.paths[arm].title,
             **_ends(getattr(lead, side), scale)}
            for side, arm in (("baseline", ladder.baseline), ("treatment", ladder.treatment))
            for row, (name, lead) in enumerate(rungs_of(found, ladder, metric))
        ]
    )  # fmt: skip


def leads_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> pd.DataFrame:
    """Lay out the lead on the ladder, as `bnbench.plots.ladder.plot_leads` draws it."""
    return pd.DataFrame(
        [
            {"row": row, "name": name, **_mean(lead.contrast, metric)}
            for row, (name, lead) in enumerate(rungs_of(found, ladder, metric))
        ]
    )


def effects_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> pd.DataFrame:
    """Lay out the switches' effects on the lead, as `bnbench.plots.ladder` draws them."""
    return pd.DataFrame(
        [
            {"row": row, "name": switch, "where": where,
             **_mean(found.by_name[f"{where}@{switch}", metric.text].contrast, metric)}
            for row, switch in enumerate(ladder.switches)
            for where in ladder.steps(switch)
        ]
    )  # fmt: skip


def sweep_table(study: Study, findings: Sequence[Finding]) -> pd.DataFrame:
    """Lay out one metric over a grid, as `bnbench.plots.sweep` draws it.

    Parameters
    ----------
    study : Study
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


def _paired(name: str, finding: Finding) -> Iterator[dict[str, Any]]:
    if (contrast := finding.contrast) is None:
        return
    scale = factor(finding.metric.quantity.unit)
    known = {
        "name": name,
        "smallest_effect": scale * finding.smallest_effect,
    }
    yield known | {"kind": "mean", **_mean(contrast, finding.metric)}
    for seed, difference in zip(contrast.seeds, contrast.differences, strict=True):
        yield known | {"kind": "run", "seed": seed, "value": scale * difference}
    if finding.published is not None:
        yield known | {"kind": "published", "value": scale * finding.published}


def _mean(contrast: Contrast | None, metric: Metric) -> dict[str, float]:
    if contrast is None:
        return dict.fromkeys(("value", "lower", "upper"), float("nan"))
    scale, ends = factor(metric.quantity.unit), contrast.t_interval
    return {
        "value": scale * contrast.mean_difference,
        "lower": scale * ends.low,
        "upper": scale * ends.high,
    }


def _ends(level: Level, scale: int) -> dict[str, float]:
    nan = float("nan")
    published = nan if level.published is None else scale * level.published
    if (summary := level.summary) is None:
        return {"value": nan, "lower": nan, "upper": nan, "published": published}
    return {
        "value": scale * summary.mean,
        "lower": scale * summary.interval.low,
        "upper": scale * summary.interval.high,
        "published": published,
    }


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
    yield known | {"kind": "mean", "n": len(values), **_ends(level, scale)}
