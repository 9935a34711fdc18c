"""A ladder rung by rung: levels (left) and lead (right), a row of axes a metric."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bnbench.config import Ladder, Metric
from bnbench.findings.numbers import factor
from bnbench.findings.results import Finding, StudyFindings
from bnbench.plots import style
from bnbench.plots.ladder import plot_leads, plot_levels
from bnbench.report.figures.figure import (
    COLUMN,
    Picture,
    Source,
    finish,
    plain,
    register_figure,
    unit,
)
from bnbench.report.figures.marks import level_of, mean_of

GROUP = "From the published recipe to the corrected one"


@register_figure("ladder", of="a ladder", has=lambda study: study.ladder is not None)
def draw(source: Source) -> Iterator[Picture]:
    """Draw what each correction adds to the one before."""
    found, ladder = source.found, source.found.study.ladder
    if ladder is None:
        return
    metrics, rungs = ladder.metrics, len(ladder.rungs)
    with style.figure(len(metrics) * (0.8 + 0.26 * rungs), width=COLUMN) as figure:
        grid = figure.subplots(len(metrics), 2, squeeze=False, width_ratios=[1.15, 1])
        for (left, right), metric in zip(grid, metrics, strict=True):
            levels = levels_table(found, ladder, metric)
            plot_levels(levels.assign(arm=levels["arm"].map(plain)), ax=left)
            plot_leads(leads_table(found, ladder, metric), ax=right)
            right.tick_params(axis="y", labelleft=False)
            left.set_xlabel(f"{metric.title} ({unit(metric)})", fontsize=9)
            right.set_xlabel(f"lead ({metric.quantity.unit})", fontsize=9)
        caption = (
            "From the published recipe (top) to the corrected one (bottom), one switch more a row."
        )
        title = "Levels and lead, one correction after the other"
        yield finish(figure, "ladder", f"{found.study.name}-ladder", title, caption, GROUP)


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
             **level_of(getattr(lead, side), scale)}
            for side, arm in (("baseline", ladder.baseline), ("treatment", ladder.treatment))
            for row, (name, lead) in enumerate(rungs_of(found, ladder, metric))
        ]
    )  # fmt: skip


def leads_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> pd.DataFrame:
    """Lay out the lead on the ladder, as `bnbench.plots.ladder.plot_leads` draws it."""
    return pd.DataFrame(
        [
            {"row": row, "name": name, **mean_of(lead.contrast, metric)}
            for row, (name, lead) in enumerate(rungs_of(found, ladder, metric))
        ]
    )
