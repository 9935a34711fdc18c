"""Any-time intervals and tests: by quadrature, brute force, and under optional stopping."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, stats

from bnbench.statistics import (
    any_time_interval,
    any_time_median_interval,
    any_time_sign_flip_p,
    share_below_p,
    sign_test_p,
    speed_up,
    t_interval,
)

DIFFERENCES = [0.004, 0.001, 0.006, 0.003, -0.001, 0.005, 0.004, 0.002]


def bayes_factor(t: float, n: int) -> float:
    """Integrate the noncentral t density over the prior of the effect, by quadrature."""
    mixed, _ = integrate.quad(
        lambda effect: stats.nct.pdf(t, n - 1, math.sqrt(n) * effect) * stats.norm.pdf(effect),
        -8, 8, limit=200,
    )  # fmt: skip
    return mixed / float(stats.t.pdf(t, n - 1))


@pytest.mark.parametrize("confidence", [0.95, 0.9])
@pytest.mark.parametrize("n", [5, 8])
def test_the_ends_are_where_the_bayes_factor_is_one_over_alpha(n: int, confidence: float) -> None:
    sample = DIFFERENCES[:n]
    interval = any_time_interval(sample, confidence=confidence)
    error = float(np.std(sample, ddof=1)) / math.sqrt(n)
    for end in (interval.low, interval.high):
        t = (float(np.mean(sample)) - end) / error
        assert bayes_factor(t, n) == pytest.approx(1 / (1 - confidence), rel=1e-5)


def test_it_is_wider_than_student_s_and_says_so_of_few() -> None:
    assert math.isnan(any_time_interval([0.1]).low)
    assert any_time_interval([0.1, 0.2, 0.3]).low == -math.inf
    assert any_time_interval([0.1, 0.1, 0.1]).high == 0.1
    ratio = [
        (interval.high - interval.low)
        for interval in (any_time_interval(DIFFERENCES), t_interval(DIFFERENCES))
    ]
    assert 1.5 < ratio[0] / ratio[1] < 2.5


@pytest.mark.parametrize("n", [1, 4, 6])
def test_over_all_flips_the_e_value_has_mean_one(n: int) -> None:
    """Exact: given the sizes every vector of signs is as likely."""
    sizes = np.abs(DIFFERENCES[:n])
    vectors = [sizes * signs for signs in itertools.product((-1, 1), repeat=n)]
    e_values = [_e_value(vector) for vector in vectors]
    assert np.mean(e_values) == pytest.approx(1, rel=1e-9)
    for vector, e_value in zip(vectors, e_values, strict=True):
        assert any_time_sign_flip_p(vector) == pytest.approx(min(1, 1 / e_value), rel=1e-3)


def _e_value(differences: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The mixture on a fine grid, with plain products."""
    scales = [math.sqrt(np.mean(differences[: i + 1] ** 2)) for i in range(differences.size)]

    def product(effect: float) -> float:
        return math.prod(
            2 / (1 + math.exp(-2 * effect * d / s))
            for d, s in zip(differences, scales, strict=True)
        )

    grid = np.linspace(-8, 8, 801)
    weights = stats.norm.pdf(grid) * (grid[1] - grid[0])
    return float(weights @ [product(effect) for effect in grid])


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (6, 0), (9, 1), (10, 10)])
def test_the_sign_test_s_mixture_by_quadrature(counts: tuple[int, int]) -> None:
    wins, losses = counts
    fair = stats.beta(0.5, 0.5)
    e_value, _ = integrate.quad(
        lambda share: (2 * share) ** wins * (2 - 2 * share) ** losses * fair.pdf(share), 0, 1
    )
    assert sign_test_p(wins, losses, any_time=True) == pytest.approx(min(1, 1 / e_value), rel=1e-6)
    with pytest.raises(ValueError, match="wins"):
        sign_test_p(-1, 0, any_time=True)


@pytest.mark.parametrize("counts", [(0, 0), (0, 11), (0, 12), (1, 14), (3, 30), (7, 10)])
def test_the_mixture_against_a_share_by_quadrature(counts: tuple[int, int]) -> None:
    successes, n = counts
    jeffreys, known = stats.beta(0.5, 0.5), stats.binom.pmf(successes, n, 1 / 3)
    e_value, _ = integrate.quad(
        lambda share: stats.binom.pmf(successes, n, share) / known * jeffreys.pdf(share), 0, 1
    )
    expected = min(1, 1 / e_value) if successes < n / 3 else 1
    assert share_below_p(successes, n, 1 / 3, any_time=True) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ValueError, match="of 2 trials"):
        share_below_p(3, 2, 1 / 3, any_time=True)


def test_the_fewest_seeds_that_show_a_small_share_at_any_time() -> None:
    p = [share_below_p(0, n, 1 / 3, any_time=True) for n in range(1, 20)]
    assert sum(one >= 0.05 for one in p) == 11  # the twelfth is below


def test_zeros_say_nothing() -> None:
    assert any_time_sign_flip_p([0.0, 0.0]) == 1
    assert any_time_sign_flip_p([*DIFFERENCES, 0.0]) == any_time_sign_flip_p(DIFFERENCES)


def test_looking_after_every_seed_keeps_the_error_rates() -> None:
    """600 studies of 40 seeds without an effect, looked at after every second seed."""
    rng, studies = np.random.default_rng(0), 600
    rejected = dict.fromkeys(("interval", "flips", "signs", "share", "student"), 0)
    for values in rng.normal(size=(studies, 40)):
        looks = range(2, 41, 2)
        rejected["interval"] += any(any_time_interval(values[:n]).excludes(0) for n in looks)
        rejected["flips"] += any(any_time_sign_flip_p(values[:n]) < 0.05 for n in looks)
        wins = np.cumsum(values > 0)
        rejected["signs"] += any(
            sign_test_p(wins[n - 1], n - wins[n - 1], any_time=True) < 0.05 for n in looks
        )
        thirds = np.cumsum(values < stats.norm.ppf(1 / 3))
        rejected["share"] += any(
            share_below_p(thirds[n - 1], n, 1 / 3, any_time=True) < 0.05 for n in looks
        )
        rejected["student"] += any(t_interval(values[:n]).excludes(0) for n in looks)
    rates = {name: count / studies for name, count in rejected.items()}
    assert all(rates[name] < 0.05 for name in ("interval", "flips", "signs", "share")), rates
    assert rates["student"] > 0.2  # what looking costs otherwise


def test_the_median_s_interval_is_what_the_sign_test_leaves() -> None:
    """By brute force: every median between two values, counted and tested."""
    values = [3.0, 1.0, 7.0, 2.0, 9.0, 4.0, 8.0, 6.0, 5.0, 10.0, 11.0, math.inf]
    low, high = any_time_median_interval(values)
    left = [
        median
        for median in np.arange(0.5, 13)
        if sign_test_p(
            sum(x > median for x in values), sum(x < median for x in values), any_time=True
        )
        > 0.05
    ]
    assert (low, high) == (min(left) - 0.5, max(left) + 0.5)
    assert any_time_median_interval([1.0, 2.0, 3.0]) == (0.0, math.inf)


def test_the_median_s_interval_holds_at_every_n_with_ties_too() -> None:
    """Times of whole epochs, whose median is 2, looked at after each of 40 seeds."""
    rng = np.random.default_rng(0)
    missed = 0
    for _ in range(400):
        times = rng.choice([1.0, 2.0, 3.0, math.inf], size=40, p=[0.4, 0.25, 0.2, 0.15])
        ends = [any_time_median_interval(times[:n]) for n in range(1, 41)]
        missed += any(not low <= 2 <= high for low, high in ends)
    assert missed / 400 < 0.05


def test_a_ratio_of_medians_at_any_time() -> None:
    slow, fast = np.linspace(4, 5, 12), np.linspace(1, 2, 12)
    both = [dict(enumerate(times)) for times in (fast, slow)]
    found = speed_up(*both, any_time=True)
    (slow_low, slow_high), (fast_low, fast_high) = (
        any_time_median_interval(times, confidence=0.975) for times in (slow, fast)
    )
    assert (found.interval.low, found.interval.high) == pytest.approx(
        (slow_low / fast_high, slow_high / fast_low)
    )
    assert found.interval.low > 1
    assert found.interval.method == "any-time medians"
    few = speed_up({0: 1.0, 1: 1.0}, {0: 2.0, 1: 2.0}, any_time=True)
    assert (few.interval.low, few.interval.high) == (0.0, math.inf)
