"""Comparisons for a notebook: a table, and figures that are drawn into axes of the reader's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from bnbench.findings.arms import read_arms
from bnbench.findings.columns import Column, frame
from bnbench.findings.numbers import in_unit
from bnbench.plots.accuracy import plot_experiments
from bnbench.plots.difference import plot_difference as draw_difference
from bnbench.plots.style import SHARED_HANDLES
from bnbench.report.comparison import compare as compare_runs
from bnbench.report.curves import accuracy_table, difference_table

Folders = str | Path | Sequence[str | Path]


def compare(treatments: Folders, baseline: str | Path) -> pd.DataFrame:
    """Compare finished runs with those of a baseline, paired by seed.

    Parameters
    ----------
    treatments : str, Path or sequence of them
        Folders of experiments, such as ``results/lenet5_batchnorm``.
    baseline : str or Path
        Likewise.

    Returns
    -------
    DataFrame
        One row a treatment and metric: ``n`` seeds, the mean ``difference`` (treatment minus
        baseline), the ends of its 95 % t interval ``lower`` and ``upper``, the exact
        sign-flip ``p``, and the ``unit`` of the difference: ``pp``, percentage points, for
        accuracies. Of a time in epochs they are empty; ``treatment_median`` and
        ``baseline_median`` are not, and infinite where a threshold was never reached.
    """
    return frame(COLUMNS, compare_runs([Path(baseline), *_paths(treatments)]).findings)


COLUMNS = (
    Column("treatment", "treatment.label"),
    Column("baseline", "baseline.label"),
    Column("metric", "metric.text"),
    Column("n", "n"),
    Column("difference", "contrast.mean_difference", in_unit),
    Column("lower", "contrast.t_interval.low", in_unit),
    Column("upper", "contrast.t_interval.high", in_unit),
    Column("unit", "unit"),
    Column("p", "p"),
    Column("treatment_median", "treatment.median"),
    Column("baseline_median", "baseline.median"),
)


def plot_accuracy(
    experiments: Folders, *, split: str = "validation", ax: Axes | None = None
) -> Axes:
    """Draw the accuracy per epoch of experiments: each seed, the mean, and its 95 % interval.

    Parameters
    ----------
    experiments : str, Path or sequence of them
        Folders of experiments.
    split : str, default "validation"
        Or ``train``.
    ax : Axes, optional
        To draw into; by default the current one of `matplotlib.pyplot`.
    """
    arms, _ = read_arms(_paths(experiments))
    axes = ax or _current()
    plot_experiments(accuracy_table(arms), split=split, ax=axes)
    return _with_legend(axes)


def plot_difference(treatments: Folders, baseline: str | Path, *, ax: Axes | None = None) -> Axes:
    """Draw the lead in validation accuracy per epoch, in percentage points, paired by seed.

    Parameters
    ----------
    treatments, baseline
        See `compare`.
    ax : Axes, optional
        See `plot_accuracy`.
    """
    arms, _ = read_arms([Path(baseline), *_paths(treatments)])
    axes = ax or _current()
    draw_difference(difference_table(accuracy_table(arms)), ax=axes)
    return _with_legend(axes)


def _with_legend(ax: Axes) -> Axes:
    """Name each curve, and once what all curves have in common."""
    drawn = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    curves = {label: handle for label, handle in drawn.items() if label not in SHARED_HANDLES}
    shared = {label: SHARED_HANDLES[label] for label in SHARED_HANDLES if label in drawn}
    entries = curves | shared
    ax.legend(entries.values(), entries, frameon=False, fontsize="small")
    return ax


def _paths(folders: Folders) -> list[Path]:
    return (
        [Path(folders)] if isinstance(folders, str | Path) else [Path(folder) for folder in folders]
    )


def _current() -> Axes:
    import matplotlib.pyplot as plt

    return plt.gca()
