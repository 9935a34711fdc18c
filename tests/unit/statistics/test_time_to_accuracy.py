"""Times of one run: on a published curve of the first article, and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from bnbench.statistics import median_time, time_to

# Validation accuracies without batch norm, from the first article's figure.
REGULAR = (0.930, 0.951, 0.962, 0.968, 0.973, 0.977, 0.979, 0.979, 0.979, 0.981)
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("values", "time"),
    [
        ([0.2, 0.4, 0.6, 0.8], 250.0),  # half-way from 0.4 to 0.6
        ([0.2, 0.5, 0.6, 0.8], 200.0),  # at the threshold is there
        ([0.5, 0.5, 0.5, 0.5], 100.0),  # the first evaluation has none before it
        ([0.2, 0.8, 0.4, 0.5], 400.0),  # 200 is not confirmed; the last needs no confirmation
        ([0.8, 0.2, 0.7, 0.7], 260.0),  # nor is the first; 3/5 of the way from 0.2 to 0.7
        ([0.2, 0.4, 0.4, 0.9], 320.0),
        ([0.2, 0.4, 0.9, 0.4], INF),
        ([0.2, 0.9, NAN, NAN], INF),  # diverged before it was confirmed
        ([0.2, NAN, 0.6, 0.7], 300.0),  # nothing before it to read from
        ([0.2, 0.3, 0.4, 0.49], INF),
        ([NAN] * 4, INF),
    ],
)
def test_a_crossing_is_confirmed_and_interpolated(values: list[float], time: float) -> None:
    steps = [100, 200, 300, 400]
    assert time_to(steps, values, 0.5) == pytest.approx(time, rel=1e-14)


def test_no_evaluation_reaches_nothing_and_one_needs_no_other() -> None:
    assert time_to([], [], 0.5) == INF
    assert time_to([7], [0.5], 0.5) == 7
    assert time_to([7], [0.4], 0.5) == INF


@pytest.mark.parametrize("threshold", [0.935, 0.951, 0.97, 0.975, 0.9805])
def test_a_curve_that_climbs_is_read_like_a_figure(threshold: float) -> None:
    """Where nothing falls, the straight lines of the figure meet the threshold once."""
    epochs = np.arange(1, 11)
    root = brentq(lambda epoch: np.interp(epoch, epochs, REGULAR) - threshold, 1, 10, xtol=1e-13)
    assert time_to(epochs, REGULAR, threshold) == pytest.approx(root, abs=1e-9)


@pytest.mark.parametrize(
    ("times", "values", "named"),
    [
        ([1, 2], [0.5], "2 times of 1 values"),
        ([[1]], [[0.5]], "row"),
        ([2, 1], [0.5, 0.6], "ascending"),
        ([1, 1], [0.5, 0.6], "ascending"),
        ([1, NAN], [0.5, 0.6], "finite"),
        ([NAN], [0.5], "finite"),
        ([1, INF], [0.5, 0.6], "finite"),
    ],
)
def test_a_grid_of_evaluations_is_finite_and_ascending(
    times: list[float], values: list[float], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        time_to(times, values, 0.5)


@pytest.mark.parametrize(
    ("times", "median"),
    [
        ([3.0], 3.0),
        ([2.0, 5.0], 3.5),
        ([4.0, 1.0, INF], 4.0),
        ([4.0, INF, INF], INF),
        ([1.0, 4.0, INF, INF], INF),  # half never arrive
        ([INF, INF], INF),
    ],
)
def test_medians_take_infinity(times: list[float], median: float) -> None:
    assert median_time(times) == median
