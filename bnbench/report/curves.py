"""From runs to the tidy tables that the accuracy figures are drawn from: one row a point.

Means and bands are computed here, once: the CSV file and the figure hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnbench.findings.study_runs import ArmRuns
from bnbench.statistics.pairing import pair_by_seed
from bnbench.statistics.summary import summarize

POINT = ["kind", "seed", "status"]
ENDED = ("complete", "diverged")
"""Status of a run's points: those before it diverged, and those from there on."""
SPREAD = ["n", "sd", "lower", "upper"]
ACCURACY_COLUMNS = ["experiment", "split", *POINT, "epoch", "accuracy", "images", *SPREAD]
DIFFERENCE_COLUMNS = ["experiment", "baseline", *POINT, "epoch", "difference", *SPREAD]


def accuracy_table(arms: Sequence[ArmRuns]) -> pd.DataFrame:
    """Lay out the accuracy per epoch of every run, their mean, and what was published.

    Returns
    -------
    DataFrame
        `ACCURACY_COLUMNS`: ``split`` is ``train`` or ``validation``, ``kind`` ``run``, ``mean``
        (over the ``n`` runs; ``lower`` and ``upper`` are the 95 % t interval of the mean) or
        ``published``; ``accuracy`` in [0, 1]. From the epoch that a diverged run did not finish
        on it is at chance, as in a study; see `bnbench.findings.levels.measure`.
    """
    frames = []
    for arm in arms:
        for split in ("train", "validation"):
            runs = _accuracies(arm, split)
            parts = [runs, over_seeds(runs, ["epoch"], "accuracy"), _published(arm, split)]
            frames.append(
                stack(parts).assign(
                    experiment=arm.experiment.experiment, split=split, images=arm.images(split)
                )
            )
    return tidy(stack(frames), ACCURACY_COLUMNS)


def difference_table(table: pd.DataFrame) -> pd.DataFrame:
    """Subtract the first experiment's validation accuracy from the others', paired by seed.

    Parameters
    ----------
    table : DataFrame
        As `accuracy_table` returns it, of the baseline and then of the treatments.

    Returns
    -------
    DataFrame
        `DIFFERENCE_COLUMNS`, ``difference`` in percentage points, for the epochs and seeds that
        both have; ``status`` is ``diverged`` from where either run did.
    """
    validation = table[table["split"] == "validation"]
    baseline, *treatments = table["experiment"].unique()
    base = validation[validation["experiment"] == baseline]
    frames = []
    for name in treatments:
        treatment = validation[validation["experiment"] == name]
        runs = _differences(treatment, base, "run")
        published = _differences(treatment, base, "published")
        parts = [runs, over_seeds(runs, ["epoch"], "difference"), published]
        frames.append(stack(parts).assign(experiment=name, baseline=baseline))
    return tidy(stack(frames), DIFFERENCE_COLUMNS)


def over_seeds(runs: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Average over the runs that have a point.

    Parameters
    ----------
    runs : DataFrame
        One row a seed and point.
    by : list of str
        The columns that tell one point from another.
    value : str
        The column to average; rows without a value are left out.

    Returns
    -------
    DataFrame
        `by`, ``kind`` (``mean``), `value` (the mean), and `SPREAD`: the number of runs, their
        standard deviation (ddof 1), the ends of the 95 % t interval of the mean. With one run
        the last three are empty.
    """
    if runs.empty:
        return runs
    rows = []
    for key, group in runs.dropna(subset=value).groupby(by, sort=False):
        summary = summarize(group[value].to_numpy())
        interval = summary.interval
        spread = (summary.n, summary.sd, interval.low, interval.high)
        rows.append((*key, "mean", summary.mean, *spread))
    return pd.DataFrame(rows, columns=[*by, "kind", value, *SPREAD]).sort_values(by)


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables under each other; those without a row have no say in the types."""
    filled = [frame for frame in frames if not frame.empty]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()


def tidy(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Order the columns, and make counts whole numbers where rows do not have them."""
    counts = {name: "Int64" for name in ("seed", "epoch", "n", "images") if name in columns}
    return frame.reindex(columns=columns).astype(counts)


def _accuracies(arm: ArmRuns, split: str) -> pd.DataFrame:
    frames = [
        pd.DataFrame(
            {
                "kind": "run",
                "seed": seed,
                "status": np.where(np.arange(run.planned_epochs) < run.sound, *ENDED),
                "epoch": range(1, run.planned_epochs + 1),
                "accuracy": run.curve(f"{split}_accuracy"),
            }
        )
        for seed, run in arm.runs.items()
    ]
    return stack(frames)


def _published(arm: ArmRuns, split: str) -> pd.DataFrame:
    if (published := arm.published) is None:
        return pd.DataFrame()
    accuracy = published.accuracies[split]
    epochs = range(1, len(accuracy) + 1)
    return pd.DataFrame({"kind": "published", "epoch": epochs, "accuracy": accuracy})


def _differences(treatment: pd.DataFrame, baseline: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Subtract epoch by epoch and seed by seed, in pp; a published run pairs with the other."""
    base_of = dict(list(baseline[baseline["kind"] == kind].groupby("epoch")))
    frames = []
    for epoch, rows in treatment[treatment["kind"] == kind].groupby("epoch"):
        values, base = _per_cent(rows), _per_cent(base_of.get(epoch, rows[:0]))
        if not values.keys() & base.keys():
            continue
        pairs = pair_by_seed(values, base)
        frame = pd.DataFrame({"seed": pairs.seeds, "difference": pairs.differences})
        ended = pd.concat([rows, base_of[epoch]]).groupby("seed")["status"].max()
        frames.append(frame.assign(kind=kind, epoch=epoch, status=frame["seed"].map(ended)))
    return stack(frames)


def _per_cent(rows: pd.DataFrame) -> dict[int, float]:
    return dict(zip(rows["seed"], 100 * rows["accuracy"], strict=True))
