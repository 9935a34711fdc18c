"""The summary of one arm against the standard library and hand arithmetic."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest

from bnbench.statistics import prediction_interval, summarize, t_interval


def test_summary_by_hand() -> None:
    summary = summarize([0.2, 0.4, 0.9])  # squares of deviations .09 + .01 + .16 = .26
    assert summary.n == 3
    assert summary.mean == pytest.approx(0.5)
    assert summary.sd == pytest.approx(math.sqrt(0.26 / 2))
    assert (summary.minimum, summary.maximum) == (0.2, 0.9)


def test_mean_and_sd_agree_with_the_standard_library() -> None:
    values = np.random.default_rng(3).normal(0.98, 0.001, size=30).tolist()
    summary = summarize(values)
    assert summary.mean == pytest.approx(statistics.mean(values), rel=1e-14)
    assert summary.sd == pytest.approx(statistics.stdev(values), rel=1e-12)


def test_estimate_and_intervals_travel_together() -> None:
    values = [0.983, 0.982, 0.983]
    summary = summarize(values, rounding=0.0005)
    assert summary.interval == t_interval(values)
    assert summary.prediction == prediction_interval(values, rounding=0.0005)
    assert (summary.interval.method, summary.prediction.method) == ("t", "prediction")


def test_one_seed_has_a_mean_and_no_spread() -> None:
    summary = summarize([0.98])
    assert (summary.n, summary.mean, summary.minimum, summary.maximum) == (1, 0.98, 0.98, 0.98)
    assert math.isnan(summary.sd)
    assert math.isnan(summary.interval.low)
    assert math.isnan(summary.prediction.high)


@pytest.mark.parametrize("n", range(2, 30))
def test_equal_seeds_have_exactly_no_spread(n: int) -> None:
    summary = summarize([0.1] * n)  # np.std of three of them is 1.7e-17
    assert (summary.mean, summary.sd) == (0.1, 0.0)
    assert summary.interval.low == summary.interval.high == 0.1


def test_the_order_of_the_seeds_changes_no_digit() -> None:
    values = (0.1, 0.7, 0.3, 1e-9, 0.9)
    first = summarize(values)
    assert all(summarize(order) == first for order in itertools.permutations(values))
