"""The loss per batch of the two arms of a contrast that replicates published runs."""

from __future__ import annotations

from collections.abc import Iterator

from bnbench.config import Study
from bnbench.findings.names import grouped, pair_title
from bnbench.plots import style
from bnbench.plots.loss import TITLES, plot_loss
from bnbench.report.figures.figure import COLUMN, Picture, Source, finish, plain, register_figure
from bnbench.report.losses import loss_table


def _has(study: Study) -> bool:
    return any(
        all(study.arms[label].experiment.published for label in contrast.labels)
        for contrast in study.contrasts
    )


@register_figure(
    "losses", of="a contrast of two experiments that replicate published runs", has=_has
)
def draw(source: Source) -> Iterator[Picture]:
    """Draw the loss per batch of each pair of arms that replicate published runs."""
    if source.runs is None:
        return
    study = source.found.study
    for finding, *_ in grouped(source.found.contrasts, lambda finding: finding.labels):
        arms = [source.runs.arms[label] for label in reversed(finding.labels)]
        kept = all(run.losses for arm in arms for run in arm.runs.values())
        if not kept or not all(arm.runs and arm.published for arm in arms):
            continue
        table = loss_table(arms)
        table = table[~table["kind"].isin(("batch", "run"))]  # a megabyte of curves and points
        titles = {arm.experiment.experiment: study.arms[arm.label].title for arm in arms}
        table = table.assign(experiment=table["experiment"].map(titles).map(plain))
        with style.figure(4.2, width=COLUMN) as figure:
            # Side by side: on a phone they stand below each other, each as wide as the screen.
            for split, ax in zip(("train", "validation"), figure.subplots(1, 2), strict=True):
                plot_loss(table, split=split, ax=ax)
                ax.set_title(TITLES[split].replace(" (", "\n("), loc="left")
            pair = pair_title(study, finding)
            name = f"{study.name}-{finding.group}-losses"
            caption = f"Loss per batch: {pair}."
            yield finish(figure, name, "Loss per batch", caption, pair)
