"""The losses of a run in blocks, against pandas; foreign files are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from bnbench.errors import BnbenchError
from bnbench.runs import Run
from bnbench.runs.losses import NAMES, Losses, read_losses, write_losses
from bnbench.runs.schedule import schedule
from tests.unit.conftest import MakeRun

SETTINGS = {"training": {"batch_size": 1_000}}  # 60 and 10 batches an epoch


def read(run: Run) -> Losses:
    experiment = run.read_experiment()
    planned = schedule(experiment, run.read_manifest().dataset)
    return read_losses(run.losses, planned, experiment.training.epochs)


def kept(run: Run) -> Losses:
    write_losses(run, schedule(run.read_experiment(), run.read_manifest().dataset))
    return read(run)


def test_blocks_and_low_marks(make_run: MakeRun) -> None:
    run = make_run("plain", 0, [0.9, 0.95], settings=SETTINGS)
    losses, rows = kept(run), pd.read_csv(run.batches)
    for split, size in (("train", 3), ("validation", 10)):  # batches of a block
        mine = rows[rows["split"] == split].reset_index(drop=True)["loss"]
        by_block = mine.groupby(mine.index // size)
        expected = np.stack([by_block.min(), by_block.mean(), by_block.max()], axis=1)
        blocks, ends = losses.blocks(split)
        np.testing.assert_allclose(blocks, expected, rtol=1e-6)
        assert ends.tolist() == list(range(size, len(mine) + 1, size))
    means = rows.loc[rows["split"] == "train", "loss"].rolling(50).mean().reset_index(drop=True)
    lowest = means.cummin()
    assert losses.low_step.tolist() == (lowest.index[lowest.diff() != 0] + 1)[49:].tolist()
    np.testing.assert_allclose(losses.low_mean, means[losses.low_step - 1])


def test_a_block_of_unequal_batches_is_weighted(make_run: MakeRun) -> None:
    run = make_run("plain", 0, [0.9], settings={"training": {"batch_size": 3_000}})
    rows = pd.read_csv(run.batches).query("split == 'validation'")  # of 3, 3, 3 and 1 thousand
    expected = np.average(rows["loss"], weights=rows["examples"])
    assert kept(run).validation[0, 1] == pytest.approx(expected)


def test_a_run_that_diverged_in_its_first_epoch(make_run: MakeRun) -> None:
    settings = {"training": {"batch_size": 1_000}}
    run = make_run("plain", 0, [], settings=settings, diverged_of=1)
    count = len(pd.read_csv(run.batches))
    losses = kept(run)
    assert losses.train_end.tolist() == [*range(3, count, 3), count]
    assert np.isfinite(losses.train[:-1]).all()
    assert losses.validation.shape == (0, 3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": np.zeros((2, 2), np.float32)}, "must hold a minimum, mean"),
        ({"train": np.array([[3, 2, 1]] * 40, np.float32)}, "must hold a minimum, mean"),
        ({"train_end": np.arange(40)[::-1]}, "must hold a minimum, mean"),
        ({"train_end": np.arange(1, 41)}, "must hold a minimum, mean"),
        ({"train_end": np.arange(3, 123, 3) + 1}, "must hold a minimum, mean"),
        (
            {"train": np.zeros((300_000, 3), np.float32), "train_end": np.arange(300_000) * 3 + 3},
            "must hold a minimum, mean",
        ),
        ({"train": np.full((40, 3), np.inf, np.float32)}, "must hold a minimum, mean"),
        ({"low_step": np.array([121]), "low_mean": np.array([1.0])}, "must hold a mean for each"),
        ({"validation_end": np.arange(2.0) + 1}, "must hold a minimum, mean"),
        ({"low_step": np.array([50])}, "must hold a mean for each of its steps"),
        ({"low_step": np.array([50, 51]), "low_mean": np.array([1.0, 1.0])}, "low_mean: must fall"),
        ({"low_step": np.array([50]), "low_mean": np.array([np.nan])}, "low_mean: must fall"),
        ({"more": np.arange(3)}, "must hold train, train_end"),
    ],
)  # fmt: skip
def test_what_bnbench_would_not_write(make_run: MakeRun, change: dict[str, Any], said: str) -> None:
    run = make_run("plain", 0, [0.9, 0.95], settings=SETTINGS)
    arrays = {name: getattr(kept(run), name) for name in NAMES} | change
    np.savez_compressed(run.losses, allow_pickle=True, **arrays)
    with pytest.raises(BnbenchError, match=rf"losses\.npz: {said}"):
        read(run)


def test_no_archive(make_run: MakeRun) -> None:
    run = make_run("plain", 0, [0.9])
    run.losses.write_bytes(b"\x93NUMPY")
    with pytest.raises(BnbenchError, match="is no archive of arrays; it is not as bnbench wrote"):
        read(run)
