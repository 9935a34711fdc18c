"""The paired differences of contrasts in levels: a panel a metric, a row a contrast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from bnbench.config import Metric, Study
from bnbench.config.label import Label
from bnbench.findings.numbers import factor
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
    register_figure,
    wrapped,
)
from bnbench.report.figures.marks import mean_of
from bnbench.report.names import arm_title, own_changes, pair_title, point_of


def _has(study: Study) -> bool:
    planned = [(contrast.name, contrast.metrics) for contrast in study.contrasts]
    planned += [(best.name, best.metrics) for best in study.best]
    planned += [(change.name, change.metrics) for change in own_changes(study)]
    return any(any_level(metrics) for name, metrics in planned if not Label.parse(name).point)


@register_figure(
    "paired", of="a contrast in levels, such as test_accuracy, besides those over a grid", has=_has
)
def draw(source: Source) -> Iterator[Picture]:
    """Draw contrasts, best against best, and changes, but for sweeps."""
    found, study = source.found, source.found.study
    changes = {change.name for change in own_changes(study)}
    findings = [
        *(one for one in found.contrasts if not point_of(one)),
        *(one for best in found.best for one in best.findings),
        *(one for one in found.changes if one.name in changes and not point_of(one)),
    ]
    groups = by_metric(finding for finding in findings if finding.contrast is not None)
    if not groups:
        return
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    width = 18 if columns > 1 else 40
    tables = {metric: paired_table(study, group) for metric, group in groups.items()}
    names = {name: wrapped(name, width) for one in tables.values() for name in one["name"]}
    lines = 1 + max(name.count("\n") for name in names.values())
    most = max(map(len, groups.values()))
    with style.figure(rows * (0.9 + (0.26 + 0.12 * lines) * most), width=COLUMN) as figure:
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, (metric, table) in zip(axes, tables.items(), strict=False):
            plot_paired(table.assign(name=table["name"].map(names)), ax=ax)
            ax.set_title(wrapped(metric.title, 28), loc="left", fontsize=9)
            ax.set_xlabel(_better(metric), fontsize=8.5)
        for ax in axes[len(groups) :]:
            ax.remove()
        caption = "Treatment minus baseline, paired by seed: a panel a metric, a row a contrast."
        yield finish(figure, "paired", f"{study.name}-paired", "Paired differences", caption)


def paired_table(study: Study, findings: Iterable[Finding]) -> pd.DataFrame:
    """Lay out the differences of contrasts in one metric, as `bnbench.plots.paired` draws them."""
    known = list(findings)
    treatments = [arm_title(study, one.treatment.label) for one in known]
    unique = len({*treatments}) == len(known)
    names = treatments if unique else [pair_title(study, one) for one in known]
    rows = [_paired(name, finding) for name, finding in zip(names, known, strict=True)]
    return pd.DataFrame([mark for row in rows for mark in row])


def _paired(name: str, finding: Finding) -> Iterator[dict[str, Any]]:
    if (contrast := finding.contrast) is None:
        return
    scale = factor(finding.metric.quantity.unit)
    known = {
        "name": name,
        "smallest_effect": scale * finding.smallest_effect,
    }
    yield known | {"kind": "mean", **mean_of(contrast, finding.metric)}
    for seed, difference in zip(contrast.seeds, contrast.differences, strict=True):
        yield known | {"kind": "run", "seed": seed, "value": scale * difference}
    if finding.published is not None:
        yield known | {"kind": "published", "value": scale * finding.published}


def _better(metric: Metric) -> str:
    side = "above" if metric.quantity.higher_is_better else "below"
    return f"{metric.quantity.unit} (better: {side} 0)"
