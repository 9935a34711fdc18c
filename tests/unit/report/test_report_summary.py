"""The tables that `compare` writes, by hand arithmetic."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bnbench.report.comparison import compare
from bnbench.report.comparison_files import write_comparison
from bnbench.runs import Run
from tests.unit.conftest import MakeRun

pytestmark = pytest.mark.usefixtures("undrawn")


def _summary(out: Path, *runs: Run) -> pd.DataFrame:
    write_comparison(compare([run.path for run in runs]), out)
    return pd.read_csv(out / "summary.csv")


def _rows(table: pd.DataFrame, quantity: str) -> list[dict[str, Any]]:
    return [
        {str(column): value for column, value in row.items()}
        for row in table[table["quantity"] == quantity].to_dict("records")
    ]


def test_an_experiment_by_hand(make_run: MakeRun, tmp_path: Path) -> None:
    curves = {0: [0.96, 0.970, 0.980], 1: [0.94, 0.969, 0.971], 2: [0.95, 0.96, 0.97]}
    table = _summary(tmp_path, *[make_run("plain", seed, curve) for seed, curve in curves.items()])
    first, last = _rows(table, "validation_accuracy")
    assert (first["epoch"], last["epoch"]) == (1, 3)
    assert (first["mean"], first["sd"]) == pytest.approx((0.95, 0.01))
    half = 4.302653 * 0.01 / math.sqrt(3)  # t with 2 degrees of freedom, 97.5 %
    assert (first["lower"], first["upper"]) == pytest.approx((0.95 - half, 0.95 + half))
    assert last["mean"] == pytest.approx(2.921 / 3)
    to_97, to_98 = _rows(table, "epochs_to_accuracy")
    assert to_97["median"] == pytest.approx(2.5)  # of 2, 2.5 and 3
    assert (to_97["reached"], to_97["n"]) == (3, 3)
    assert (to_98["median"], to_98["reached"]) == (math.inf, 1)
    (seconds,) = _rows(table, "seconds_per_epoch")
    assert seconds["median"] == 4  # 3 of training and 1 of evaluation
    assert table["published"].isna().all()
    runs = pd.read_csv(tmp_path / "runs.csv")
    assert runs["epochs_to_0.97"].tolist() == pytest.approx([2, 2.5, 3])


def test_a_contrast_by_hand(make_run: MakeRun, tmp_path: Path) -> None:
    plain = {0: [0.90, 0.95], 1: [0.91, 0.95], 2: [0.92, 0.94]}
    normalized = {0: [0.93, 0.95], 1: [0.96, 0.96], 2: [0.96, 0.96], 8: [0.5, 0.5]}
    table = _summary(
        tmp_path,
        *[make_run("plain", seed, curve) for seed, curve in plain.items()],
        *[make_run("normalized", seed, curve) for seed, curve in normalized.items()],
    )
    first, last = _rows(table, "validation_accuracy_difference_pp")
    assert (first["n"], first["epoch"], last["epoch"]) == (3, 1, 2)
    assert (first["mean"], first["sd"]) == pytest.approx((4, 1))  # of 3, 5 and 4 pp
    half = 4.302653 / math.sqrt(3)
    assert (first["lower"], first["upper"]) == pytest.approx((4 - half, 4 + half))
    assert last["mean"] == pytest.approx(1)  # of 0, 1 and 2 pp


def test_published_numbers_stand_beside_the_measured_ones(
    make_run: MakeRun, tmp_path: Path
) -> None:
    published = {"source": "lenet5_article"}
    table = _summary(
        tmp_path,
        *[
            make_run(name, 0, [0.95] * 10, settings={"published": published | {"arm": arm}})
            for name, arm in (("plain", "regular"), ("normalized", "batch_norm"))
        ],
    )
    accuracies = table[table["quantity"].str.startswith("validation_accuracy")]["published"]
    assert accuracies.tolist() == [0.930, 0.981, 0.956, 0.986, 2.6, 0.5]


def test_held_out_test_accuracy(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [
        make_run(
            name, seed, [0.9], settings={"data": {"split": "held_out"}},
            manifest={"final": {"epochs": 1, "test_accuracy": accuracy}},
        )
        for name, accuracies in (("plain", (0.97, 0.98)), ("normalized", (0.98, 0.97)))
        for seed, accuracy in enumerate(accuracies)
    ]  # fmt: skip
    table = _summary(tmp_path, *runs)
    means = [row["mean"] for row in _rows(table, "test_accuracy")]
    assert means == pytest.approx([0.975, 0.975])
    (difference,) = _rows(table, "test_accuracy_difference_pp")
    assert (difference["mean"], difference["sd"]) == pytest.approx((0, math.sqrt(2)))


def test_diverged_runs_are_counted(make_run: MakeRun, tmp_path: Path) -> None:
    table = _summary(
        tmp_path,
        make_run("plain", 0, [0.90, 0.97, 0.98]),
        make_run("plain", 4, [0.92], diverged_of=3),
        make_run("plain", 9, [], diverged_of=3),
    )
    assert set(table["diverged"]) == {2}
    assert set(table["n"]) == {3}
    first, last = (row["mean"] for row in _rows(table, "validation_accuracy"))
    assert first == pytest.approx((0.90 + 0.92 + 0.1135) / 3)
    assert last == pytest.approx((0.98 + 0.1135 + 0.1135) / 3)
    to_97, _ = _rows(table, "epochs_to_accuracy")
    assert (to_97["median"], to_97["reached"]) == (math.inf, 1)


def test_an_experiment_without_an_epoch_has_no_seconds(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("plain", 0, [], diverged_of=2)
    (seconds,) = _rows(_summary(tmp_path, run), "seconds_per_epoch")
    assert math.isnan(seconds["median"])
