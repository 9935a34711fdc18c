"""From the losses of batches to the tidy table that the loss figure is drawn from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.study_runs import ArmRuns
from bnbench.report.curves import POINT, SPREAD, over_seeds, stack, tidy
from bnbench.runs.losses import BLOCKS

LOSS_COLUMNS = ["experiment", "split", *POINT, "epoch", "batch", "loss", *SPREAD]


def softmax_floor(num_classes: int) -> float:
    """Compute the least loss, nats, where a softmax stands before the cross-entropy.

    Notes
    -----
    The cross-entropy takes the probabilities for logits. At best they are 1 for the true class
    and 0 for the other K - 1: ``-ln(e / (e + K - 1)) = ln(1 + (K - 1) / e)``.
    """
    return math.log1p((num_classes - 1) / math.e)


def loss_table(arms: Sequence[ArmRuns]) -> pd.DataFrame:
    """Lay out the loss per batch of each experiment, of which every run must have its losses.

    Returns
    -------
    DataFrame
        `LOSS_COLUMNS`. ``kind`` is ``batch`` (of the smallest seed, where ``batches.csv`` has been
        kept), ``range`` (of all seeds: from the least to the largest loss of a block's batches),
        ``run`` (a seed's mean over the examples of a block, at the mean place of its batches),
        ``mean`` (over seeds, as in the accuracy tables), ``published`` (the least or largest loss
        of a batch in the replicated run) or ``floor``. ``batch`` counts over the run, ``loss`` in
        nats. `bnbench.runs.losses.BLOCKS` says how many blocks an epoch has.
    """
    frames = [_curves(arm, split) for arm in arms if arm.runs for split in BLOCKS]
    return tidy(stack(frames), LOSS_COLUMNS)


def _curves(arm: ArmRuns, split: str) -> pd.DataFrame:
    blocks = pd.concat([_blocks(run, split) for run in arm.runs.values()], ignore_index=True)
    # One place for all seeds: a run that diverged within a block would have it further left.
    blocks["batch"] = blocks.groupby("block")["batch"].transform("max")
    runs = blocks.dropna(subset="loss").assign(kind="run")
    runs.loc[runs.duplicated("seed", keep="last"), "status"] = "complete"  # until its last block
    parts = [_single_batches(arm.first, split), _range(runs), runs[[*RUN, "kind"]]]
    parts.append(over_seeds(runs, ["epoch", "batch"], "loss"))
    if arm.experiment.training.softmax_before_loss:
        extremes = arm.published.loss_extremes.get(split, []) if arm.published else []
        floor = softmax_floor(arm.first.manifest.dataset.classes)
        parts.append(pd.DataFrame({"kind": "published", "loss": extremes}))
        parts.append(pd.DataFrame({"kind": ["floor"], "loss": floor}))
    return stack(parts).assign(experiment=arm.experiment.experiment, split=split)


RUN = ["seed", "status", "epoch", "batch", "loss"]


def _blocks(run: FinishedRun, split: str) -> pd.DataFrame:
    assert run.losses is not None
    blocks, ends = run.losses.blocks(split)
    starts = np.append(0, ends[:-1]) + 1
    per_epoch = run.batches_per_epoch(split)
    return pd.DataFrame({
        "seed": run.seed, "status": run.status, "block": np.arange(len(ends)),
        "epoch": (ends - 1) // per_epoch + 1, "batch": (starts + ends) / 2,
        "lower": blocks[:, 0].astype(float), "loss": blocks[:, 1].astype(float),
        "upper": blocks[:, 2].astype(float),
    })  # fmt: skip


def _range(runs: pd.DataFrame) -> pd.DataFrame:
    extremes = runs.groupby(["epoch", "batch"], as_index=False).agg(
        lower=("lower", "min"), upper=("upper", "max")
    )
    return extremes.assign(kind="range")


def _single_batches(run: FinishedRun, split: str) -> pd.DataFrame:
    if not run.run.batches.exists():
        return pd.DataFrame()
    log = run.read_batches()
    rows = log.rows[log["split"] == split]
    loss = np.where(np.isfinite(rows["loss"]), rows["loss"], np.nan)
    return pd.DataFrame({
        "kind": "batch", "seed": run.seed, "epoch": rows["epoch"],
        "batch": np.arange(1, len(rows) + 1), "loss": loss,
    })  # fmt: skip
