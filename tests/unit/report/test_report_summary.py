"""The rows of the table by hand arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from bnbench.findings.arms import read_arms
from bnbench.report.curves import accuracy_table, difference_table
from bnbench.report.summary import (
    ContrastRow,
    ExperimentRow,
    contrast_rows,
    experiment_rows,
    runs_table,
    summary_table,
)
from bnbench.runs import Run

MakeRun = Callable[..., Run]


def _summarize(*runs: Run) -> tuple[tuple[ExperimentRow, ...], tuple[ContrastRow, ...]]:
    arms, _ = read_arms([run.path for run in runs])
    accuracy, table = accuracy_table(arms), runs_table(arms)
    difference = difference_table(accuracy, [arm.name for arm in arms])
    return experiment_rows(arms, table, accuracy), contrast_rows(arms, table, difference)


def test_an_experiment_by_hand(make_run: MakeRun) -> None:
    curves = {0: [0.96, 0.970, 0.980], 1: [0.94, 0.969, 0.971], 2: [0.95, 0.96, 0.97]}
    (row,), contrasts = _summarize(*[make_run("plain", s, curve) for s, curve in curves.items()])
    assert contrasts == ()
    assert (row.experiment, row.n, row.epochs, row.diverged_seeds) == ("plain", 3, 3, ())
    assert row.first
    assert row.last
    assert row.first.mean == pytest.approx(0.95)
    assert row.first.sd == pytest.approx(0.01)
    half = 4.302653 * 0.01 / math.sqrt(3)  # t with 2 degrees of freedom, 97.5 %
    assert (row.first.lower, row.first.upper) == pytest.approx((0.95 - half, 0.95 + half))
    assert (row.first.epoch, row.last.epoch, row.last.n) == (1, 3, 3)
    assert row.last.mean == pytest.approx((0.980 + 0.971 + 0.97) / 3)
    to_97, to_98 = row.times
    assert (to_97.median, to_97.reached, to_97.n) == (3, 3, 3)  # of 2, 3 and 3
    assert (to_98.median, to_98.reached) == (math.inf, 1)
    assert row.seconds_per_epoch == 4  # 3 of training and 1 of evaluation
    assert row.test is None
    assert row.first.published is None
    assert to_97.published is None


def test_one_run_has_no_spread(make_run: MakeRun) -> None:
    (row,), _ = _summarize(make_run("plain", 0, [0.9, 0.95]))
    assert row.last
    assert (row.last.n, row.last.mean) == (1, 0.95)
    assert all(math.isnan(value) for value in (row.last.sd, row.last.lower, row.last.upper))


def test_diverged_runs_are_counted_and_named(make_run: MakeRun) -> None:
    settings = {"training": {"epochs": 3}}
    (row,), _ = _summarize(
        make_run("plain", 0, [0.90, 0.97, 0.98]),
        make_run("plain", 4, [0.92], settings=settings, manifest={"status": "diverged"}),
        make_run("plain", 9, [], settings=settings, manifest={"status": "diverged"}),
    )
    assert (row.n, row.diverged_seeds) == (3, (4, 9))
    assert row.first
    assert row.last
    assert (row.first.n, row.last.n) == (2, 1)
    assert (row.times[0].median, row.times[0].reached) == (math.inf, 1)


def test_an_experiment_that_diverged_altogether(make_run: MakeRun) -> None:
    settings = {"training": {"epochs": 2}}
    diverged = make_run("plain", 0, [], settings=settings, manifest={"status": "diverged"})
    (row, _), (contrast,) = _summarize(diverged, make_run("normalized", 0, [0.9, 0.95]))
    assert (row.first, row.last) == (None, None)
    assert math.isnan(row.seconds_per_epoch)
    assert (contrast.first, contrast.last, contrast.n) == (None, None, 1)


def test_published_numbers_stand_beside_the_measured_ones(make_run: MakeRun) -> None:
    published = {"source": "lenet5_article"}
    rows, (contrast,) = _summarize(
        *[
            make_run(name, 0, [0.95] * 10, settings={"published": published | {"arm": arm}})
            for name, arm in (("plain", "regular"), ("normalized", "batch_norm"))
        ]
    )
    levels = [(row.first, row.last) for row in rows]
    assert [[one and one.published for one in pair] for pair in levels] == [
        [0.930, 0.981],
        [0.956, 0.986],
    ]
    assert [[time.published for time in row.times] for row in rows] == [[5, 10], [2, 4]]
    assert contrast.first
    assert contrast.last
    assert (contrast.first.published, contrast.last.published) == (2.6, 0.5)


def test_a_contrast_by_hand(make_run: MakeRun) -> None:
    plain = {0: [0.90, 0.95], 1: [0.91, 0.95], 2: [0.92, 0.94]}
    normalized = {0: [0.93, 0.95], 1: [0.96, 0.96], 2: [0.96, 0.96], 8: [0.5, 0.5]}
    rows, (contrast,) = _summarize(
        *[make_run("plain", seed, curve) for seed, curve in plain.items()],
        *[make_run("normalized", seed, curve) for seed, curve in normalized.items()],
    )
    assert [row.n for row in rows] == [3, 4]
    assert (contrast.treatment, contrast.baseline) == ("normalized", "plain")
    assert (contrast.n, contrast.epochs) == (3, 2)
    assert contrast.first
    assert contrast.last
    assert contrast.first.mean == pytest.approx(4)  # of 3, 5 and 4 pp
    assert contrast.first.sd == pytest.approx(1)
    half = 4.302653 / math.sqrt(3)
    assert (contrast.first.lower, contrast.first.upper) == pytest.approx((4 - half, 4 + half))
    assert contrast.last.mean == pytest.approx(1)  # of 0, 1 and 2 pp


def test_different_lengths_are_compared_at_the_last_common_epoch(make_run: MakeRun) -> None:
    _, (contrast,) = _summarize(
        make_run("plain", 0, [0.90, 0.92, 0.94]), make_run("short", 0, [0.91, 0.95])
    )
    assert contrast.epochs == 2
    assert contrast.last
    assert (contrast.last.epoch, contrast.last.mean) == (2, 3.0)


def test_held_out_test_accuracy(make_run: MakeRun) -> None:
    rows, (contrast,) = _summarize(
        *[
            make_run(
                name, seed, [0.9], manifest={"final": {"epochs": 1, "test_accuracy": accuracy}}
            )
            for name, accuracies in (("plain", (0.97, 0.98)), ("normalized", (0.98, 0.97)))
            for seed, accuracy in enumerate(accuracies)
        ]
    )
    assert rows[0].test
    assert contrast.test
    assert rows[0].test.mean == pytest.approx(0.975)
    assert (contrast.test.mean, contrast.test.n) == (0, 2)  # of +1 and -1 pp
    assert contrast.test.sd == pytest.approx(math.sqrt(2))


def test_the_summary_file_holds_every_row_unrounded(make_run: MakeRun) -> None:
    rows, contrasts = _summarize(
        make_run("plain", 0, [0.9, 0.97]), make_run("normalized", 0, [0.95, 0.98])
    )
    table = summary_table(rows, contrasts)
    assert table.groupby("quantity", sort=False).size().to_dict() == {
        "validation_accuracy": 4,
        "epochs_to_accuracy": 4,
        "seconds_per_epoch": 2,
        "validation_accuracy_difference_pp": 2,
    }
    last = table[(table["quantity"] == "validation_accuracy") & (table["epoch"] == 2)]
    assert last["mean"].tolist() == [0.97, 0.98]
    difference = table[table["baseline"] == "plain"]
    assert difference["mean"].tolist() == [5.0, 1.0]
    assert difference["n"].tolist() == [1, 1]
    never = table[(table["threshold"] == 0.98) & (table["experiment"] == "plain")]
    assert never["median"].tolist() == [math.inf]
