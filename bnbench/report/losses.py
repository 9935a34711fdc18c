"""From ``batches.csv`` to the tidy table that the loss figure is drawn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bnbench.findings.study_runs import ArmRuns
from bnbench.report.curves import POINT, SPREAD, over_seeds, stack, tidy

LOSS_COLUMNS = ["experiment", "split", *POINT, "epoch", "batch", "loss", *SPREAD]
BINS = {"train": 20, "validation": 1}
"""Averages an epoch: batches scatter too much to tell two curves apart."""

NUM_CLASSES = 10  # of every dataset that bnbench knows


def softmax_floor(num_classes: int) -> float:
    """Compute the least loss, nats, where a softmax stands before the cross-entropy.

    Notes
    -----
    The cross-entropy takes the probabilities for logits. At best they are 1 for the true class
    and 0 for the other K - 1: ``-ln(e / (e + K - 1)) = ln(1 + (K - 1) / e)``.
    """
    return math.log1p((num_classes - 1) / math.e)


def loss_table(arms: Sequence[ArmRuns]) -> pd.DataFrame:
    """Lay out the loss per batch of each experiment: single batches, averages, and the floor.

    Returns
    -------
    DataFrame
        `LOSS_COLUMNS`. ``kind`` is ``batch`` (of the smallest seed), ``run`` (a seed's mean over
        the examples of `BINS` parts of each epoch, at the mean place of their batches), ``mean``
        (over seeds, as in the accuracy tables) or ``floor``; ``batch`` counts over the run,
        ``loss`` in nats.
    """
    frames = []
    for arm in arms:
        batches = {seed: run.read_batches() for seed, run in arm.runs.items()}
        ended = {seed: run.status for seed, run in arm.runs.items()}
        for split in BINS:
            rows = _split(batches, split)
            if not rows.empty:
                frames.append(_curves(rows, arm, split, ended))
    return tidy(stack(frames), LOSS_COLUMNS)


def _split(batches: Mapping[int, pd.DataFrame], split: str) -> pd.DataFrame:
    """Stack one split's batches of all seeds, counted over each run."""
    rows = pd.concat(batches, names=["seed"]).reset_index(level="seed")
    rows = rows[rows["split"] == split].reset_index(drop=True)
    finite = rows["loss"].where(np.isfinite(rows["loss"]))
    return rows.assign(batch=rows.groupby("seed").cumcount() + 1, loss=finite)


def _curves(rows: pd.DataFrame, arm: ArmRuns, split: str, ended: Mapping[int, str]) -> pd.DataFrame:
    first = rows[rows["seed"] == rows["seed"].min()].assign(kind="batch")
    runs = _binned(rows, BINS[split])
    runs = runs.assign(kind="run", status=runs["seed"].map(ended))
    parts = [first[["kind", "seed", "epoch", "batch", "loss"]], runs]
    parts.append(over_seeds(runs, ["epoch", "batch"], "loss"))
    if arm.experiment.training.softmax_before_loss:
        parts.append(pd.DataFrame({"kind": ["floor"], "loss": softmax_floor(NUM_CLASSES)}))
    return stack(parts).assign(experiment=arm.experiment.experiment, split=split)


def _binned(rows: pd.DataFrame, bins: int) -> pd.DataFrame:
    """Average each run's loss over parts of its epochs, weighted by the batches' examples."""
    in_epoch = rows.groupby(["seed", "epoch"]).cumcount()
    parts = in_epoch * bins // (in_epoch.max() + 1)
    sums = (
        rows.assign(part=parts, total=rows["loss"] * rows["examples"])
        .dropna(subset="loss")
        .groupby(["seed", "epoch", "part"], as_index=False)
        .agg(total=("total", "sum"), examples=("examples", "sum"), batch=("batch", "mean"))
    )
    # One place for all seeds: a run that diverged within a part would have it further left.
    place = sums.groupby(["epoch", "part"])["batch"].transform("max")
    return sums.assign(batch=place, loss=sums["total"] / sums["examples"]).drop(
        columns=["part", "total", "examples"]
    )
