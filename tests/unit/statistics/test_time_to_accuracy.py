"""Speed on the published curves of the first article, by hand, and over all resamples."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bnbench.errors import BnbenchError
from bnbench.statistics import (
    area_under_error,
    epochs_to,
    median_time,
    ratio_of_medians,
    seconds_to,
    speed_up,
)

# Validation accuracies of the first article's figure, science.md section 2.
REGULAR = (0.930, 0.951, 0.962, 0.968, 0.973, 0.977, 0.979, 0.979, 0.979, 0.981)
BATCH_NORM = (0.956, 0.973, 0.978, 0.981, 0.982, 0.984, 0.983, 0.985, 0.985, 0.986)
INF, NAN = math.inf, math.nan


@pytest.mark.parametrize(
    ("threshold", "regular", "batch_norm"), [(0.97, 5, 2), (0.98, 10, 4), (0.985, INF, 8)]
)
def test_epochs_of_the_first_article(threshold: float, regular: float, batch_norm: float) -> None:
    assert epochs_to(REGULAR, threshold) == regular
    assert epochs_to(BATCH_NORM, threshold) == batch_norm


def test_reaching_is_being_equal_and_counts_from_one() -> None:
    assert epochs_to([0.9, 0.8], 0.9) == 1
    assert epochs_to([0.5, 0.99, 0.5], 0.98) == 2  # a later fall takes nothing back
    assert epochs_to([], 0.9) == INF
    assert epochs_to([NAN, 0.95], 0.9) == 2
    assert epochs_to([NAN, NAN], 0.0) == INF


def test_seconds_add_up_training_alone() -> None:
    assert seconds_to([0.5, 0.9, 0.95], [1.5, 2.0, 4.0], 0.9) == 3.5
    assert seconds_to([0.5, 0.9, 0.95], [1.5, 2.0, 4.0], 0.96) == INF
    with pytest.raises(ValueError, match="same epochs"):
        seconds_to([0.5, 0.9], [1.0], 0.9)


def test_area_under_error_by_hand() -> None:
    assert area_under_error([0.9, 0.95, 0.99]) == pytest.approx((0.1 + 0.05 + 0.01) / 3)
    assert area_under_error(REGULAR) == pytest.approx(0.321 / 10)
    assert area_under_error(BATCH_NORM) == pytest.approx(0.207 / 10)
    assert math.isnan(area_under_error([0.9, NAN]))
    with pytest.raises(ValueError, match="epoch"):
        area_under_error([])
    with pytest.raises(ValueError, match="epoch"):
        area_under_error([[0.9]])


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


@pytest.mark.parametrize(
    ("treatment", "baseline", "ratio"),
    [([2.0], [5.0], 2.5), ([2.0], [INF], INF), ([INF], [2.0], 0.0), ([0.0], [2.0], INF)],
)
def test_ratios_take_infinity(treatment: list[float], baseline: list[float], ratio: float) -> None:
    assert ratio_of_medians(treatment, baseline) == ratio


def test_never_against_never_has_no_ratio() -> None:
    assert math.isnan(ratio_of_medians([INF], [INF]))


def test_speed_up_by_hand() -> None:
    treatment = {0: 2.0, 1: 3.0, 2: 2.0, 3: INF, 4: 4.0, 8: 1.0}
    baseline = {0: 5.0, 1: 6.0, 2: 2.0, 3: INF, 4: INF, 9: 1.0}
    result = speed_up(treatment, baseline)
    assert (result.seeds, result.n) == ((0, 1, 2, 3, 4), 5)
    assert (result.missing_in_treatment, result.missing_in_baseline) == ((9,), (8,))
    assert (result.treatment_median, result.baseline_median, result.ratio) == (3.0, 6.0, 2.0)
    assert (result.treatment_reached, result.baseline_reached) == (4, 3)
    assert result.win_probability == (3 + 2 / 2) / 5  # wins at 0, 1, 4; ties at 2, 3
    assert result.sign_test_p == 2 / 2**3
    assert not result.may_say_significant


def median_of_three(values: tuple[float, ...]) -> float:
    return sorted(values)[1]


@pytest.mark.parametrize(
    ("treatment", "baseline"),
    [
        ((2.0, 3.0, 4.0), (5.0, 9.0, 7.0)),
        ((2.0, 3.0, INF), (5.0, INF, INF)),
        ((INF, 3.0, INF), (5.0, INF, 8.0)),
        ((INF, INF, INF), (INF, INF, INF)),
    ],
)
def test_the_interval_against_all_resamples(
    treatment: tuple[float, ...], baseline: tuple[float, ...]
) -> None:
    """Each of the 27 resamples of three seeds weighs 3.7 %: the ends are the extremes."""
    ends = []
    for picks in itertools.product(range(3), repeat=3):
        above = median_of_three(tuple(baseline[i] for i in picks))
        below = median_of_three(tuple(treatment[i] for i in picks))
        both_never = math.isinf(above) and math.isinf(below)
        ends.extend([0.0, INF] if both_never else [above / below])
    arms = [dict(enumerate(arm)) for arm in (treatment, baseline)]
    interval = speed_up(arms[0], arms[1]).interval
    assert (interval.low, interval.high) == (min(ends), max(ends))


def test_the_interval_covers_a_known_ratio() -> None:
    """A conservative interval of medians: lognormal epochs, true ratio 2."""
    rng, covered = np.random.default_rng(2), []
    for _ in range(300):
        treatment = dict(enumerate(rng.lognormal(1.0, 0.3, size=15)))
        baseline = dict(enumerate(rng.lognormal(1.0 + math.log(2), 0.3, size=15)))
        covered.append(speed_up(treatment, baseline, resamples=1000).interval.contains(2.0))
    assert 0.92 < np.mean(covered) < 1.0


def test_one_seed_has_a_ratio_and_no_interval() -> None:
    result = speed_up({0: 2.0}, {0: 4.0})
    assert (result.ratio, result.sign_test_p, result.win_probability) == (2.0, 1.0, 1.0)
    assert math.isnan(result.interval.low)


def test_the_same_seed_gives_the_same_digits() -> None:
    rng = np.random.default_rng(0)
    arms = [dict(enumerate(rng.lognormal(size=9))) for _ in range(2)]
    first = speed_up(arms[0], arms[1], seed=4, resamples=50)
    assert first == speed_up(arms[0], arms[1], seed=4, resamples=50)
    assert first.interval != speed_up(arms[0], arms[1], seed=5, resamples=50).interval
    assert first.may_say_significant


def test_bad_times_are_refused() -> None:
    with pytest.raises(BnbenchError, match="share no seed"):
        speed_up({0: 1.0}, {1: 1.0})
    with pytest.raises(ValueError, match="finite"):
        speed_up({0: NAN}, {0: 1.0})
