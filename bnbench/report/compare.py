"""Compare experiments from their run directories: read, lay out tables, draw them, summarize.

Each figure is drawn from the very table that is written beside it as CSV.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bnbench.errors import BnbenchError
from bnbench.findings.arms import read_arms
from bnbench.findings.comparison import as_study
from bnbench.findings.contrasts import compare_planned
from bnbench.findings.results import Finding
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.plots import style
from bnbench.plots.accuracy import plot_experiments, plot_splits
from bnbench.plots.difference import plot_difference
from bnbench.plots.loss import plot_loss
from bnbench.plots.style import Form
from bnbench.report.curves import accuracy_table, difference_table
from bnbench.report.figures.figure import plain
from bnbench.report.files import write_table, writing
from bnbench.report.losses import loss_table
from bnbench.report.notes import data_notes, failed_notes, origin_notes, pairing_notes
from bnbench.report.summary import runs_table, summary_table

PAGE = Form()


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison found, and where it was written.

    Attributes
    ----------
    runs : StudyRuns
        The experiments as the arms of a study; the first is the baseline.
    findings : tuple of Finding
        Every other experiment against the baseline, metric by metric.
    notes : tuple of str
        What a reader must know besides: runs left out, diverged, without a partner, ...
    paths : tuple of Path
        The files written.
    """

    runs: StudyRuns
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    paths: tuple[Path, ...]


def compare(
    experiments: Sequence[Path],
    out: Path,
    form: Form = PAGE,
    titles: Sequence[str] = (),
) -> Comparison:
    """Draw and tabulate finished runs.

    Parameters
    ----------
    experiments : sequence of Path
        Folders of experiments or of single runs. The first experiment is the baseline; with
        only one, its own figures and table are made.
    out : Path
        Folder for ``<figure>.png``, ``.svg`` and ``.csv``, ``summary.csv`` and ``runs.csv``.
    form : Form
        Of the figures.
    titles : sequence of str
        What the figures call the experiments, in their order; by default their names.
    """
    arms, left_out = read_arms(experiments)
    named = _Drawing(form, _titles(arms, titles))
    runs = as_study(arms)
    findings = tuple(compare_planned(runs, runs.study.contrasts))
    accuracy = accuracy_table(arms)
    difference = difference_table(accuracy, [arm.label for arm in arms])
    loss, loss_notes = _losses(arms)
    notes = [*failed_notes(arms), *pairing_notes(findings)]
    with writing(out):
        paths = [path for arm in arms for path in named.splits(arm, accuracy, out)]
        if len(arms) > 1:
            paths += named.experiments(arms, accuracy, out)
        if (difference["kind"] == "run").any():
            paths += named.difference(difference, notes, out)
        if not loss.empty:
            paths += named.losses(arms, loss, out)
        paths.append(write_table(summary_table(runs, findings), out / "summary.csv"))
        paths.append(write_table(runs_table(runs), out / "runs.csv"))
    notes = [*left_out, *notes, *data_notes(arms), *origin_notes(arms), *loss_notes]
    return Comparison(runs, findings, tuple(notes), tuple(paths))


def _losses(arms: Sequence[ArmRuns]) -> tuple[pd.DataFrame, list[str]]:
    """Lay out the losses where every run has kept them; else say which has not."""
    for arm in arms:
        for run in arm.runs.values():
            if run.losses is None:
                return pd.DataFrame(), [f"no loss figure: {run.run.losses} is not there"]
    return loss_table(arms), []


def _titles(arms: Sequence[ArmRuns], titles: Sequence[str]) -> dict[str, str]:
    """Map experiments to what figures call them; a dollar sign there is no mathematics."""
    labels = [arm.label for arm in arms]
    if titles and len(titles) != len(labels):
        raise BnbenchError(
            f"--labels: names {len(titles)} experiments, and there are {len(labels)}:"
            f" {', '.join(labels)}"
        )
    written = [plain(title) for title in titles or labels]
    return dict(zip(labels, written, strict=True))


@dataclass(frozen=True)
class _Drawing:
    """How the figures of one comparison are drawn: their form, and what they call experiments."""

    form: Form
    titles: dict[str, str]

    def splits(self, arm: ArmRuns, accuracy: pd.DataFrame, out: Path) -> list[Path]:
        table = accuracy[accuracy["experiment"] == arm.label]
        with self._figure(3.6) as figure:
            plot_splits(table, ax=figure.subplots()).set_title(self.titles[arm.label], loc="left")
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
