"""The tidy tables against pandas, SciPy and hand arithmetic on the runs' own CSV files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bnbench.findings import ArmRuns
from bnbench.findings.arms import read_arms
from bnbench.report.curves import accuracy_table, difference_table
from bnbench.report.losses import loss_table, softmax_floor
from tests.unit.conftest import MakeRun

PLAIN = {0: [0.930, 0.950, 0.962], 1: [0.945, 0.951, 0.960], 2: [0.952, 0.957, 0.968]}
NORMALIZED = {0: [0.971, 0.975, 0.980], 1: [0.970, 0.973, 0.981], 2: [0.972, 0.978, 0.979]}


def _arms(make_run: MakeRun, **experiments: dict[int, list[float]]) -> list[ArmRuns]:
    runs = [
        make_run(name, seed, curve, train=[value + 0.01 for value in curve])
        for name, seeds in experiments.items()
        for seed, curve in seeds.items()
    ]
    return read_arms([run.path for run in runs])[0]


def _of(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def test_means_and_bands_are_those_of_the_files(make_run: MakeRun) -> None:
    arms = _arms(make_run, plain=PLAIN, normalized=NORMALIZED)
    table = accuracy_table(arms)
    for arm in arms:
        files = pd.concat(pd.read_csv(run.run.epochs) for run in arm.runs.values())
        for split in ("train", "validation"):
            mean = _of(table, experiment=arm.label, split=split, kind="mean").set_index("epoch")
            expected = files.groupby("epoch")[f"{split}_accuracy"]
            low, high = stats.t.interval(
                0.95, df=2, loc=expected.mean(), scale=expected.std() / np.sqrt(3)
            )
            assert mean["accuracy"].to_numpy() == pytest.approx(expected.mean().to_numpy())
            assert mean["sd"].to_numpy() == pytest.approx(expected.std().to_numpy())
            assert mean["lower"].to_numpy() == pytest.approx(low)
            assert mean["upper"].to_numpy() == pytest.approx(high)
            assert mean["n"].tolist() == [3, 3, 3]


def test_every_run_stands_in_the_table_unrounded(make_run: MakeRun) -> None:
    (arm,) = _arms(make_run, plain=PLAIN)
    runs = _of(accuracy_table([arm]), kind="run", split="validation")
    assert {seed: rows["accuracy"].tolist() for seed, rows in runs.groupby("seed")} == PLAIN
    assert set(runs["status"]) == {"complete"}
    assert set(runs["images"]) == {10_000}


def test_one_seed_has_a_mean_and_no_band(make_run: MakeRun) -> None:
    (arm,) = _arms(make_run, plain={4: [0.9, 0.95]})
    mean = _of(accuracy_table([arm]), kind="mean", split="validation")
    assert mean["accuracy"].tolist() == [0.9, 0.95]
    assert mean["n"].tolist() == [1, 1]
    assert mean[["sd", "lower", "upper"]].isna().all(axis=None)


def test_a_diverged_run_counts_at_chance_from_then_on(make_run: MakeRun) -> None:
    make_run("plain", 0, [0.90, 0.94, 0.96])
    run = make_run("plain", 1, [0.92], diverged_of=3)
    arms, _ = read_arms([run.path.parent])
    table = _of(accuracy_table(arms), split="validation")
    assert _of(table, kind="mean")["n"].tolist() == [2, 2, 2]
    means = [0.91, (0.94 + 0.1135) / 2, (0.96 + 0.1135) / 2]
    assert _of(table, kind="mean")["accuracy"].tolist() == pytest.approx(means)
    assert _of(table, kind="run", seed=1)["status"].tolist() == ["complete", "diverged", "diverged"]


def test_published_rows_where_the_experiment_names_them(make_run: MakeRun) -> None:
    settings = {"published": {"source": "lenet5_article", "arm": "batch_norm"}}
    arms, _ = read_arms([make_run("normalized", 0, [0.97, 0.98], settings=settings).path])
    rows = _of(accuracy_table(arms), kind="published", split="train")
    assert rows["accuracy"].tolist()[:3] == [0.954, 0.974, 0.981]
    assert rows["epoch"].tolist() == list(range(1, 11))
    (plain,) = _arms(make_run, plain=PLAIN)
    assert _of(accuracy_table([plain]), kind="published").empty


def test_differences_by_hand(make_run: MakeRun) -> None:
    arms = _arms(make_run, plain=PLAIN, normalized=NORMALIZED)
    table = difference_table(accuracy_table(arms))
    runs = {s: r["difference"].tolist() for s, r in _of(table, kind="run").groupby("seed")}
    assert runs == {0: [4.1, 2.5, 1.8], 1: [2.5, 2.2, 2.1], 2: [2.0, 2.1, 1.1]}
    mean = _of(table, kind="mean")
    assert mean["difference"].tolist() == pytest.approx([8.6 / 3, 6.8 / 3, 5.0 / 3])
    expected = stats.ttest_1samp([4.1, 2.5, 2.0], 0).confidence_interval(0.95)
    assert (mean["lower"].iloc[0], mean["upper"].iloc[0]) == pytest.approx(tuple(expected))
    assert set(table["experiment"]) == {"normalized"}
    assert set(table["baseline"]) == {"plain"}


def test_only_seeds_and_epochs_that_both_have_are_paired(make_run: MakeRun) -> None:
    arms = _arms(
        make_run,
        plain={0: [0.9, 0.91, 0.92], 1: [0.9, 0.91, 0.92]},
        short={1: [0.95, 0.96], 5: [0.97, 0.98]},
    )
    table = difference_table(accuracy_table(arms))
    runs = _of(table, kind="run")
    assert list(zip(runs["seed"], runs["epoch"], runs["difference"], strict=True)) == [
        (1, 1, 5.0),
        (1, 2, 5.0),
    ]


def test_the_published_difference(make_run: MakeRun) -> None:
    runs = [
        make_run(name, 0, [0.95], settings={"published": {"source": "lenet5_article", "arm": arm}})
        for name, arm in (("plain", "regular"), ("normalized", "batch_norm"))
    ]
    arms, _ = read_arms([run.path for run in runs])
    table = difference_table(accuracy_table(arms))
    published = _of(table, kind="published")["difference"]
    assert published.tolist() == [2.6, 2.2, 1.6, 1.3, 0.9, 0.7, 0.4, 0.6, 0.6, 0.5]


def test_a_pair_diverges_with_either_of_its_runs(make_run: MakeRun) -> None:
    make_run("plain", 0, [0.9, 0.91])
    make_run("normalized", 0, [0.95], diverged_of=2)
    folder = make_run("plain", 1, [0.9, 0.91]).path.parent
    make_run("normalized", 1, [0.95, 0.96])
    arms, _ = read_arms([folder, folder.with_name("normalized")])
    runs = _of(difference_table(accuracy_table(arms)), kind="run")
    assert dict(zip(runs["seed"], runs["status"], strict=True)) == {0: "diverged", 1: "complete"}


@pytest.mark.parametrize(("classes", "floor"), [(10, 1.4612), (2, 0.3133), (1, 0.0)])
def test_floor_of_the_double_softmax(classes: int, floor: float) -> None:
    one_hot = np.eye(classes)[0]
    by_definition = -np.log(np.exp(one_hot[0]) / np.exp(one_hot).sum())
    assert softmax_floor(classes) == pytest.approx(by_definition)
    assert softmax_floor(classes) == pytest.approx(floor, abs=5e-5)


def test_losses_are_averaged_over_the_examples_of_each_part(make_run: MakeRun) -> None:
    arms = _arms(make_run, plain={3: [0.9, 0.95], 5: [0.91, 0.96]})
    table = _of(loss_table(arms), experiment="plain")
    for run in arms[0].runs.values():
        rows = pd.read_csv(run.run.batches)
        validation = rows[rows["split"] == "validation"]
        expected = [
            np.average(epoch["loss"], weights=epoch["examples"])
            for _, epoch in validation.groupby("epoch")
        ]
        mine = _of(table, split="validation", kind="run", seed=run.seed)
        assert mine["loss"].tolist() == pytest.approx(expected)
        assert mine["batch"].tolist() == [2.5, 6.5]  # the middles of batches 1 to 4 and 5 to 8
        train = rows[rows["split"] == "train"]  # 20 batches an epoch, 20 parts: one batch each
        mine = _of(table, split="train", kind="run", seed=run.seed)
        assert mine["loss"].tolist() == pytest.approx(train["loss"].tolist())
        assert mine["batch"].tolist() == train["step"].tolist()


def test_single_batches_are_those_of_the_smallest_seed(make_run: MakeRun) -> None:
    arms = _arms(make_run, plain={3: [0.9], 5: [0.91]})
    rows = pd.read_csv(arms[0].first.run.batches)
    batches = _of(loss_table(arms), kind="batch")
    assert set(batches["seed"]) == {3}
    for split in ("train", "validation"):
        mine = _of(batches, split=split)
        assert mine["loss"].tolist() == rows.loc[rows["split"] == split, "loss"].tolist()
        assert mine["batch"].tolist() == list(range(1, len(mine) + 1))


def test_the_mean_loss_and_its_band(make_run: MakeRun) -> None:
    arms = _arms(make_run, plain={seed: [0.9] for seed in range(4)})
    table = _of(loss_table(arms), split="validation")
    runs, mean = _of(table, kind="run")["loss"], _of(table, kind="mean").iloc[0]
    assert mean["loss"] == pytest.approx(runs.mean())
    assert mean["n"] == 4
    expected = stats.ttest_1samp(runs, 0).confidence_interval(0.95)
    assert (mean["lower"], mean["upper"]) == pytest.approx(tuple(expected))


def test_the_floor_stands_in_the_table_where_it_holds(make_run: MakeRun) -> None:
    doubled = make_run("doubled", 0, [0.9], settings={"training": {"softmax_before_loss": True}})
    plain = make_run("plain", 0, [0.9])
    arms, _ = read_arms([doubled.path, plain.path])
    floors = _of(loss_table(arms), kind="floor")
    assert set(floors["experiment"]) == {"doubled"}
    assert set(floors["split"]) == {"train", "validation"}
    assert floors["loss"].tolist() == pytest.approx([1.46115] * 2, abs=1e-5)


def test_the_loss_of_a_diverged_run_ends_where_it_did(make_run: MakeRun) -> None:
    make_run("plain", 1, [0.9, 0.95])
    run = make_run("plain", 0, [0.9], diverged_of=2)
    arms, _ = read_arms([run.path.parent])
    table = _of(loss_table(arms), split="train")
    diverged = _of(table, kind="run", seed=0)
    assert diverged["batch"].tolist() == list(range(1, 25))  # batch 25 has no loss
    assert diverged["status"].tolist() == ["complete"] * 23 + ["diverged"]
    assert _of(table, kind="mean")["n"].tolist() == [2] * 24 + [1] * 16
    assert _of(table, kind="batch")["loss"].isna().sum() == 1


def test_parts_of_epochs_are_even(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bnbench.runs.losses.BLOCKS", {"train": 2, "validation": 1})
    (arm,) = _arms(make_run, plain={0: [0.9]})
    rows = pd.read_csv(arm.first.run.batches).iloc[:20]
    mine = _of(loss_table([arm]), split="train", kind="run")
    expected = [
        np.average(half["loss"], weights=half["examples"]) for half in (rows[:10], rows[10:])
    ]
    assert mine["loss"].tolist() == pytest.approx(expected)
    assert mine["batch"].tolist() == [5.5, 15.5]


def test_a_part_has_one_place_for_all_seeds(
    make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnbench.runs.losses.BLOCKS", {"train": 2, "validation": 1})
    make_run("plain", 0, [0.9, 0.95])
    run = make_run("plain", 1, [0.9], diverged_of=2)
    arms, _ = read_arms([run.path.parent])
    table = _of(loss_table(arms), split="train")
    assert _of(table, kind="run", seed=1)["batch"].tolist() == [5.5, 15.5, 25.5]  # of 21 to 24
    assert _of(table, kind="mean")["n"].tolist() == [2, 2, 2, 1]
