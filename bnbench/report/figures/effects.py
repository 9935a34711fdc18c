"""What correcting each switch of a ladder does to the lead, a panel a metric."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bnbench.config import Ladder, Metric
from bnbench.findings.results import StudyFindings
from bnbench.plots import style
from bnbench.plots.ladder import plot_effects
from bnbench.report.figures.figure import COLUMN, Picture, Source, finish, register_figure, wrapped
from bnbench.report.figures.marks import mean_of

GROUP = "What each correction does"


@register_figure("effects", of="a ladder", has=lambda study: study.ladder is not None)
def draw(source: Source) -> Iterator[Picture]:
    """Draw each correction on the ladder, alone, and last."""
    found, ladder = source.found, source.found.study.ladder
    if ladder is None:
        return
    metrics = ladder.metrics
    with style.figure(0.7 + 0.36 * len(ladder.switches), width=COLUMN) as figure:
        axes = figure.subplots(1, len(metrics), squeeze=False, sharey=True)[0]
        for ax, metric in zip(axes, metrics, strict=True):
            plot_effects(effects_table(found, ladder, metric), ax=ax)
            ax.set_title(wrapped(metric.title, 36), loc="left", fontsize=9)
            ax.set_xlabel(f"change of the lead ({metric.quantity.unit})")
        caption = "What correcting one switch does to the lead, with 95 % t intervals."
        title = "What each correction does to the lead"
        yield finish(figure, "effects", f"{found.study.name}-effects", title, caption, GROUP)


def effects_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> pd.DataFrame:
    """Lay out the switches' effects on the lead, as `bnbench.plots.ladder` draws them."""
    return pd.DataFrame(
        [
            {"row": row, "name": switch, "where": where,
             **mean_of(found.by_name[f"{where}@{switch}", metric.text].contrast, metric)}
            for row, switch in enumerate(ladder.switches)
            for where in ladder.steps(switch)
        ]
    )  # fmt: skip
