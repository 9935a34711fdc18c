"""Two arms by their times: by hand, over all resamples, and against a known ratio."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bnbench.statistics import speed_up

INF, NAN = math.inf, math.nan


def test_speed_up_by_hand() -> None:
    treatment = {0: 2.0, 1: 3.0, 2: 2.0, 3: INF, 4: 4.0, 8: 1.0}
    baseline = {0: 5.0, 1: 6.0, 2: 2.0, 3: INF, 4: INF, 9: 1.0}
    result = speed_up(treatment, baseline)
    assert (result.seeds, result.n) == ((0, 1, 2, 3, 4), 5)
    assert (result.treatment_median, result.baseline_median, result.ratio) == (3.0, 6.0, 2.0)
    assert (result.treatment_never, result.baseline_never) == (1, 2)
    assert result.win_probability == (3 + 2 / 2) / 5  # wins at 0, 1, 4; ties at 2, 3
    assert result.sign_test_p == 2 / 2**3


FAST, SLOW = (2.0, 3.0, 4.0, 3.0, 2.0, 3.0), (6.0, 9.0, 6.0, 8.0, 6.0, 7.0)
NEVER = (INF,) * 6


@pytest.mark.parametrize(
    ("treatment", "baseline", "medians", "never", "ratio", "ends", "p"),
    [
        (FAST, NEVER, (3.0, INF), (0, 6), INF, (INF, INF), 2 / 64),
        (NEVER, FAST, (INF, 3.0), (6, 0), 0.0, (0.0, 0.0), 2 / 64),
        (NEVER, NEVER, (INF, INF), (6, 6), NAN, (0.0, INF), 1.0),
        ((*FAST[:2], *NEVER[2:]), SLOW, (INF, 6.5), (4, 0), 0.0, None, 2 * 22 / 64),  # 2 : 4
        (FAST, (*SLOW[:2], *NEVER[2:]), (3.0, INF), (0, 4), INF, None, 2 / 64),
        ((2.0, *NEVER[1:]), (*NEVER[1:], 3.0), (INF, INF), (5, 5), NAN, None, 1.0),  # 1 : 1
    ],
)
def test_every_number_is_defined_where_arms_never_arrive(
    treatment: tuple[float, ...],
    baseline: tuple[float, ...],
    medians: tuple[float, float],
    never: tuple[int, int],
    ratio: float,
    ends: tuple[float, float] | None,
    p: float,
) -> None:
    """Warnings are errors here: no infinity is subtracted from an infinity on the way."""
    result = speed_up(dict(enumerate(treatment)), dict(enumerate(baseline)))
    assert (result.treatment_median, result.baseline_median) == medians
    assert (result.treatment_never, result.baseline_never) == never
    assert result.ratio == pytest.approx(ratio, nan_ok=True)
    assert result.sign_test_p == pytest.approx(p, rel=1e-12)
    low, high = result.interval.low, result.interval.high
    assert 0 <= low <= high <= INF
    assert ends is None or (low, high) == ends
    assert math.isnan(ratio) or result.interval.contains(ratio)


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
    assert speed_up({0: 0.0}, {0: 2.0}).ratio == INF
    result = speed_up({0: 2.0}, {0: 4.0})
    assert (result.ratio, result.sign_test_p, result.win_probability) == (2.0, 1.0, 1.0)
    assert math.isnan(result.interval.low)


def test_the_same_times_give_the_same_digits() -> None:
    rng = np.random.default_rng(0)
    arms = [dict(enumerate(rng.lognormal(size=9))) for _ in range(2)]
    assert speed_up(*arms, resamples=50) == speed_up(*arms, resamples=50)


def test_the_sign_test_keeps_its_level_with_ties_and_runs_that_never_arrive() -> None:
    """Whole epochs of two equal arms, 4 % of the runs infinite: ties take power, not validity."""
    rng, trials = np.random.default_rng(6), 1500
    epochs = rng.geometric(0.3, size=(trials, 2, 12)).astype(float)
    epochs[epochs > 9] = INF
    p_values = [
        speed_up(dict(enumerate(one)), dict(enumerate(other)), resamples=1).sign_test_p
        for one, other in epochs
    ]
    rejected = np.mean(np.array(p_values) <= 0.05)
    assert 0 < rejected <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / trials)
