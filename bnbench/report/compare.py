"""Compare experiments from their run directories: read, lay out tables, draw them, summarize.

Each figure is drawn from the very table that is written beside it as CSV.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bnbench.findings.arms import read_arms
from bnbench.findings.comparison import as_study, levels_of
from bnbench.findings.contrasts import compare_planned
from bnbench.findings.results import Finding, Level
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.plots import style
from bnbench.plots.accuracy import plot_experiments, plot_splits
from bnbench.plots.difference import plot_difference
from bnbench.plots.loss import plot_loss
from bnbench.report.curves import accuracy_table, difference_table
from bnbench.report.files import write_table, writing
from bnbench.report.losses import loss_table
from bnbench.report.notes import data_notes, diverged_notes, origin_notes, pairing_notes
from bnbench.report.summary import runs_table, summary_table


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a comparison found, and where it was written.

    Attributes
    ----------
    runs : StudyRuns
        The experiments as the arms of a study; the first is the baseline.
    levels : tuple of Level
        Every metric of every experiment.
    findings : tuple of Finding
        Every other experiment against the baseline, metric by metric.
    notes : tuple of str
        What a reader must know besides: runs left out, diverged, without a partner, ...
    paths : tuple of Path
        The files written.
    """

    runs: StudyRuns
    levels: tuple[Level, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    paths: tuple[Path, ...]


def compare(experiments: Sequence[Path], out: Path) -> Comparison:
    """Draw and tabulate finished runs.

    Parameters
    ----------
    experiments : sequence of Path
        Folders of experiments or of single runs. The first experiment is the baseline; with
        only one, its own figures and table are made.
    out : Path
        Folder for ``<figure>.png``, ``.svg`` and ``.csv``, ``summary.csv`` and ``runs.csv``.

    Returns
    -------
    Comparison

    Raises
    ------
    BnbenchError
        If the runs cannot be read or compared (see `bnbench.findings.arms.read_arms`), or `out`
        cannot be written.
    """
    arms, left_out = read_arms(experiments)
    runs = as_study(arms)
    levels, findings = levels_of(runs), tuple(compare_planned(runs))
    accuracy = accuracy_table(arms)
    difference = difference_table(accuracy, [arm.label for arm in arms])
    loss, loss_notes = _losses(arms)
    beside = diverged_notes(arms), pairing_notes(findings)
    with writing(out):
        paths = [path for arm in arms for path in _draw_splits(arm, accuracy, out)]
        if len(arms) > 1:
            paths += _draw_experiments(arms, accuracy, out)
        if (difference["kind"] == "run").any():
            paths += _draw_difference(difference, [note for notes in beside for note in notes], out)
        if not loss.empty:
            paths += _draw_losses(arms, loss, out)
        paths.append(write_table(summary_table(runs, levels, findings), out / "summary.csv"))
        paths.append(write_table(runs_table(runs), out / "runs.csv"))
    notes = [*left_out, *beside[0], *beside[1], *data_notes(arms)]
    notes += [*origin_notes(arms), *loss_notes]
    return Comparison(runs, levels, findings, tuple(notes), tuple(paths))


def _losses(arms: Sequence[ArmRuns]) -> tuple[pd.DataFrame, list[str]]:
    """Lay out the losses where every run still has its batches; else say which has not."""
    for arm in arms:
        for run in arm.runs.values():
            if not run.run.batches.exists():
                return pd.DataFrame(), [f"no loss figure: {run.run.batches} is not there"]
    return loss_table(arms), []


def _draw_splits(arm: ArmRuns, accuracy: pd.DataFrame, out: Path) -> list[Path]:
    table = accuracy[accuracy["experiment"] == arm.label]
    with style.figure(3.6) as figure:
        plot_splits(table, ax=figure.subplots()).set_title(arm.label, loc="left")
        return _finish(
            figure, table, out, f"accuracy-{file_name(arm.label)}", diverged_notes([arm])
        )


def _draw_experiments(arms: Sequence[ArmRuns], accuracy: pd.DataFrame, out: Path) -> list[Path]:
    with style.figure(4) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        plot_experiments(accuracy, split="train", ax=left)
        plot_experiments(accuracy, split="validation", ax=right)
        return _finish(figure, accuracy, out, "accuracy", diverged_notes(arms))


def _draw_difference(difference: pd.DataFrame, notes: Sequence[str], out: Path) -> list[Path]:
    with style.figure(3.4) as figure:
        plot_difference(difference, ax=figure.subplots())
        return _finish(figure, difference, out, "difference", notes)


def _draw_losses(arms: Sequence[ArmRuns], loss: pd.DataFrame, out: Path) -> list[Path]:
    with style.figure(6) as figure:
        above, below = figure.subplots(2, 1)
        plot_loss(loss, split="train", ax=above)
        plot_loss(loss, split="validation", ax=below)
        return _finish(figure, loss, out, "loss", diverged_notes(arms))


def _finish(
    figure: Figure, table: pd.DataFrame, out: Path, name: str, notes: Sequence[str]
) -> list[Path]:
    """Add note and legend, and write the figure and its table."""
    style.note(figure, notes)
    style.legend(figure)
    return [*style.save(figure, out, name), write_table(table, out / f"{name}.csv")]


def file_name(experiment: str) -> str:
    """Make one name of an experiment's, which may be a path; ``~`` stands in no experiment's."""
    return experiment.replace("/", "~")
