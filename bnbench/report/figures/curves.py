"""Both splits' accuracy per epoch of the two arms of a contrast."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bnbench.config import PlannedContrast, Study
from bnbench.config.label import Label
from bnbench.findings.names import grouped, pair_title
from bnbench.findings.results import Finding
from bnbench.plots import style
from bnbench.plots.accuracy import SPLIT_NAMES, plot_experiments
from bnbench.report.figures.figure import COLUMN, Picture, Source, finish, plain, register_figure


def _has(study: Study) -> bool:
    return any(not _over_grid(contrast) for contrast in study.contrasts)


def _over_grid(contrast: Finding | PlannedContrast) -> bool:
    return any(Label.parse(label).point for label in contrast.labels)


@register_figure("curves", of="a contrast of two experiments without a grid", has=_has)
def draw(source: Source) -> Iterator[Picture]:
    """Draw the accuracies per epoch of each pair of arms, training and validation."""
    single = (finding for finding in source.found.contrasts if not _over_grid(finding))
    for finding, *_ in grouped(single, lambda finding: finding.labels):
        yield from _pair(source.found.study, source.curves, finding)


def _pair(study: Study, curves: pd.DataFrame, finding: Finding) -> Iterator[Picture]:
    arms = [study.arms[side.label] for side in (finding.baseline, finding.treatment)]
    titles = {arm.experiment.experiment: arm.title for arm in arms}
    tables = [curves[curves["experiment"] == name] for name in titles]
    if any(table.empty or table["epoch"].max() == 1 for table in tables):
        return  # a single epoch is no curve
    table = pd.concat(tables)
    table = table.assign(experiment=table["experiment"].map(titles).map(plain))
    with style.figure(3.8, width=COLUMN) as figure:
        for split, ax in zip(SPLIT_NAMES, figure.subplots(1, 2, sharey=True), strict=True):
            plot_experiments(table, split=split, ax=ax)
            ax.tick_params(labelleft=True)  # a phone shows the panels below each other
        pair = pair_title(study, finding)
        caption = f"Accuracy per epoch: {pair}."
        name = f"{study.name}-{finding.group}-curves"
        yield finish(figure, name, "Accuracy per epoch", caption, pair)
