"""The files of a comparison: its figures, and its tables.

Each figure is drawn from the very table that is written beside it as CSV.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bnbench.findings.study_runs import ArmRuns
from bnbench.plots import style
from bnbench.plots.accuracy import plot_experiments, plot_splits
from bnbench.plots.difference import plot_difference
from bnbench.plots.loss import plot_loss
from bnbench.plots.style import Form
from bnbench.report.comparison import Comparison, called, comparison_tables, without_losses
from bnbench.report.curves import accuracy_table, difference_table
from bnbench.report.figures.figure import plain
from bnbench.report.files import write_table, writing
from bnbench.report.losses import loss_table
from bnbench.report.notes import failed_notes, pairing_notes

PAGE = Form()


def write_comparison(
    comparison: Comparison, out: Path, form: Form = PAGE, titles: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Draw and tabulate a comparison; with one experiment, its own figures and table are made.

    Parameters
    ----------
    out : Path
        Folder for ``<figure>.png``, ``.svg`` and ``.csv``, and for the tables of
        `bnbench.report.comparison.comparison_tables`.
    titles : sequence of str
        What the figures call the experiments, in their order; by default their names.
    """
    findings, arms = comparison.findings, comparison.arms
    named = _Drawing(
        form, {name: plain(title) for name, title in called(comparison, titles).items()}
    )
    accuracy = accuracy_table(arms)
    difference = difference_table(accuracy)
    loss = pd.DataFrame() if without_losses(arms) else loss_table(arms)
    with writing(out):
        paths = [path for arm in arms for path in named.splits(arm, accuracy, out)]
        if len(arms) > 1:
            paths += named.experiments(arms, accuracy, out)
        if (difference["kind"] == "run").any():
            notes = [*failed_notes(arms), *pairing_notes(findings)]
            paths += named.difference(difference, notes, out)
        if not loss.empty:
            paths += named.losses(arms, loss, out)
        tables = comparison_tables(comparison)
        paths += [write_table(table, out / f"{name}.csv") for name, table in tables.items()]
    return tuple(paths)


@dataclass(frozen=True)
class _Drawing:
    """How the figures of one comparison are drawn: their form, and what they call experiments.

    A dollar sign in a title is no mathematics.
    """

    form: Form
    titles: dict[str, str]

    def splits(self, arm: ArmRuns, accuracy: pd.DataFrame, out: Path) -> list[Path]:
        table = accuracy[accuracy["experiment"] == arm.label]
        with self._figure(3.6) as figure:
            ax = figure.subplots()
            plot_splits(table, ax=ax)
            ax.set_title(self.titles[arm.label], loc="left")
            name = f"accuracy-{arm.label.replace('/', '~')}"  # which is in no experiment's name
            return self._finish(figure, table, out, name, failed_notes([arm]))

    def experiments(self, arms: Sequence[ArmRuns], accuracy: pd.DataFrame, out: Path) -> list[Path]:
        with self._figure(4) as figure:
            left, right = figure.subplots(1, 2, sharey=True)
            plot_experiments(self._titled(accuracy), split="train", ax=left)
            plot_experiments(self._titled(accuracy), split="validation", ax=right)
            return self._finish(figure, accuracy, out, "accuracy", failed_notes(arms))

    def difference(self, difference: pd.DataFrame, notes: Sequence[str], out: Path) -> list[Path]:
        table = self._titled(difference)
        with self._figure(3.4) as figure:
            plot_difference(
                table.assign(baseline=table["baseline"].map(self.titles)), ax=figure.subplots()
            )
            return self._finish(figure, difference, out, "difference", notes)

    def losses(self, arms: Sequence[ArmRuns], loss: pd.DataFrame, out: Path) -> list[Path]:
        with self._figure(6) as figure:
            above, below = figure.subplots(2, 1)
            plot_loss(self._titled(loss), split="train", ax=above)
            plot_loss(self._titled(loss), split="validation", ax=below)
            return self._finish(figure, loss, out, "loss", failed_notes(arms))

    def _titled(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(experiment=table["experiment"].map(self.titles))

    def _figure(self, height: float) -> AbstractContextManager[Figure]:
        """Open a figure that is as much higher as it is wider, or as its letters are larger."""
        form = self.form
        larger = max(form.width / PAGE.width, form.font_size / PAGE.font_size)
        return style.figure(height * larger, width=form.width, font_size=form.font_size)

    def _finish(
        self, figure: Figure, table: pd.DataFrame, out: Path, name: str, notes: Sequence[str]
    ) -> list[Path]:
        """Add title, notes and legend, and write the figure and its table."""
        style.note(figure, notes, plain(self.form.title))
        style.legend(figure)
        saved = style.save(figure, out, name, self.form.formats)
        return [*saved, write_table(table, out / f"{name}.csv")]
