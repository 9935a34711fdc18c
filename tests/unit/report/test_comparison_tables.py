"""The tables that `compare` writes of each experiment; contrasts are those of a study."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bnbench.report.comparison import compare, comparison_tables
from bnbench.runs import Run
from tests.unit.conftest import MakeRun


def _tables(*runs: Run) -> dict[str, pd.DataFrame]:
    return comparison_tables(compare([run.path for run in runs]))


def _by_metric(table: pd.DataFrame) -> Any:
    return table.set_index("metric")


def test_an_experiment_by_hand(make_run: MakeRun) -> None:
    curves = {0: [0.96, 0.970, 0.980], 1: [0.94, 0.969, 0.971], 2: [0.95, 0.96, 0.97]}
    tables = _tables(*[make_run("plain", seed, curve) for seed, curve in curves.items()])
    assert set(tables) == {"experiments", "levels", "values"}
    levels = _by_metric(tables["levels"])
    first = levels.loc["validation_accuracy@1"]
    assert (first["mean"], first["sd"], first["n"]) == pytest.approx((0.95, 0.01, 3))
    half = 4.302653 * 0.01 / math.sqrt(3)  # t with 2 degrees of freedom, 97.5 %
    ends = first["interval_low"], first["interval_high"]
    assert ends == pytest.approx((0.95 - half, 0.95 + half))
    assert levels.loc["validation_accuracy@last", "mean"] == pytest.approx(2.921 / 3)
    medians = levels["median"][["epochs_to_accuracy@0.97", "epochs_to_accuracy@0.98"]]
    assert medians.tolist() == pytest.approx([2.5, math.inf])  # of 2, 2.5, 3; of one that arrives
    assert levels["published"].isna().all()
    values = tables["values"]
    times = values[values["metric"] == "epochs_to_accuracy@0.97"]["value"]
    assert times.tolist() == pytest.approx([2, 2.5, 3])
    (row,) = tables["experiments"].to_dict("records")
    assert row == {
        "experiment": "plain", "runs": 3, "failed": 0, "epochs": 3,
        "seconds_per_epoch": 4,  # 3 of training and 1 of evaluation
    }  # fmt: skip


def test_diverged_runs_are_counted(make_run: MakeRun) -> None:
    tables = _tables(
        make_run("plain", 0, [0.90, 0.97, 0.98]),
        make_run("plain", 4, [0.92], diverged_of=3),
        make_run("plain", 9, [], diverged_of=3),
    )
    levels = _by_metric(tables["levels"])
    assert set(levels["failed"]) == set(tables["experiments"]["failed"]) == {2}
    accuracies = levels.loc[["validation_accuracy@1", "validation_accuracy@last"]]
    assert accuracies["n"].tolist() == [3, 3]
    first, last = (0.90 + 0.92 + 0.1135) / 3, (0.98 + 0.1135 + 0.1135) / 3
    assert accuracies["mean"].tolist() == pytest.approx([first, last])
    assert levels.loc["epochs_to_accuracy@0.97", "median"] == math.inf


def test_an_experiment_without_an_epoch_has_no_seconds(make_run: MakeRun) -> None:
    (row,) = _tables(make_run("plain", 0, [], diverged_of=2))["experiments"].to_dict("records")
    assert math.isnan(row["seconds_per_epoch"])
