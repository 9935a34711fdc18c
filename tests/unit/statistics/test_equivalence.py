"""TOST against SciPy's one-sided tests, its interval, and its level at the margin."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from bnbench.statistics import equivalence_test, tost_power


@pytest.mark.parametrize("shift", [-0.2, -0.04, 0.0, 0.07, 0.3])
def test_p_is_the_larger_of_scipys_one_sided_tests(shift: float) -> None:
    values = np.random.default_rng(3).normal(shift, 0.1, size=12)
    result = equivalence_test(values, margin=0.1)
    above = scipy.stats.ttest_1samp(values, -0.1, alternative="greater").pvalue
    below = scipy.stats.ttest_1samp(values, 0.1, alternative="less").pvalue
    assert result.p == pytest.approx(max(above, below), rel=1e-9)
    assert result.equivalent is bool(max(above, below) < 0.05)


def test_by_hand() -> None:
    result = equivalence_test([-1.0, 0.0, 1.0], margin=5.0)  # se 1/sqrt(3), t = sqrt(75), df 2
    assert result.p == pytest.approx(0.5 * (1 - math.sqrt(75 / 77)), rel=1e-9)
    assert result.equivalent
    assert (result.n, result.mean_difference, result.margin) == (3, 0.0, 5.0)


@pytest.mark.parametrize("difference", [-0.1, 0.0, 0.1])
@pytest.mark.parametrize(("n", "sd"), [(14, 0.03), (14, 0.12), (6, 0.2), (3, 0.5)])
def test_level_at_the_margin_and_power_at_zero(n: int, sd: float, difference: float) -> None:
    """At the margin the level is exact for small spreads, and lower for large ones."""
    rng, trials = np.random.default_rng(9), 2000
    shown = np.mean(
        [
            equivalence_test(rng.normal(difference, sd, n), margin=0.1).equivalent
            for _ in range(trials)
        ]
    )
    power = tost_power(n, margin=0.1, sd=sd, difference=difference)
    assert shown == pytest.approx(power, abs=4 * math.sqrt(power * (1 - power) / trials))
    assert power <= 0.05 + 1e-9 or difference == 0


@pytest.mark.parametrize(("value", "p"), [(0.0, 0.0), (0.0009, 0.0), (0.001, 1.0), (-0.002, 1.0)])
def test_constant_differences_are_inside_or_not(value: float, p: float) -> None:
    result = equivalence_test([value] * 4, margin=0.001)
    assert result.p == p
    assert result.equivalent is (p == 0.0)


def test_an_any_time_interval_decides_where_p_would_be_of_this_n_alone() -> None:
    values = np.random.default_rng(3).normal(0, 0.1, size=8)
    once, any_time = (
        equivalence_test(values, margin=0.15, any_time=any_) for any_ in (False, True)
    )
    assert once.p < 0.05
    assert once.equivalent
    assert math.isnan(any_time.p)
    assert not any_time.equivalent
    assert any_time.interval.low < -0.15


def test_one_seed_shows_no_equivalence() -> None:
    result = equivalence_test([0.0], margin=0.001)
    assert math.isnan(result.p)
    assert not result.equivalent


@pytest.mark.parametrize("margin", [0.0, -1.0])
def test_a_margin_is_positive(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        equivalence_test([0.0, 0.1], margin=margin)
