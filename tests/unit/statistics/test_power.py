"""Power and sample sizes against a printed table, the noncentral t, and an integral."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats

from bnbench.statistics import (
    n_for_paired_t,
    n_for_tost,
    paired_t_power,
    smallest_detectable_effect,
    tost_power,
)

EFFECTS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
TABLE_8_2 = {  # science.md: sd of the differences (pp) -> n for each effect (pp), power 0.9
    0.05: (13, 5, 3, 3, 3, 2),
    0.10: (44, 13, 5, 4, 3, 3),
    0.15: (97, 26, 9, 5, 4, 3),
    0.30: (381, 97, 26, 13, 7, 4),
    0.50: (1053, 265, 68, 32, 13, 5),
}


@pytest.mark.parametrize("sd", TABLE_8_2)
def test_the_table_of_seeds(sd: float) -> None:
    assert tuple(n_for_paired_t(effect=effect, sd=sd) for effect in EFFECTS) == TABLE_8_2[sd]


def test_the_units_do_not_matter() -> None:
    assert n_for_paired_t(effect=0.001, sd=0.0015) == n_for_paired_t(effect=0.1, sd=0.15) == 26


@pytest.mark.parametrize("n", [2, 3, 5, 10, 100, 2000])
@pytest.mark.parametrize("shift", [0.0, 0.3, 2.0, 4.0])
@pytest.mark.parametrize("alpha", [0.05, 0.002])
def test_power_agrees_with_the_noncentral_t(n: int, shift: float, alpha: float) -> None:
    critical = scipy.stats.t.ppf(1 - alpha / 2, n - 1)
    expected = scipy.stats.nct.sf(critical, n - 1, shift)
    expected += scipy.stats.nct.cdf(-critical, n - 1, shift)
    power = paired_t_power(n, effect=-shift / math.sqrt(n), sd=1.0, alpha=alpha)
    assert power == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("n", "effect"), [(10, 10.0), (100, 3.0), (2, 1e6), (10**6, 1.0)])
def test_power_is_defined_where_scipys_noncentral_t_is_not(n: int, effect: float) -> None:
    assert paired_t_power(n, effect=effect, sd=1.0) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30, 1000])
def test_the_smallest_detectable_effect_is_just_detected(n: int) -> None:
    effect = smallest_detectable_effect(n, sd=0.13)
    root = scipy.optimize.brentq(
        lambda scaled: paired_t_power(n, effect=scaled, sd=1.0) - 0.9, 0, 1e4
    )
    assert effect == pytest.approx(0.13 * root, rel=1e-9)
    assert paired_t_power(n, effect=effect, sd=0.13) == pytest.approx(0.9, abs=1e-9)
    for factor, expected in ((1.0001, n), (0.9999, n + 1)):
        assert n_for_paired_t(effect=factor * effect, sd=0.13) == expected


def test_large_samples_follow_the_normal_approximation() -> None:
    needed = n_for_paired_t(effect=0.01, sd=1.0)
    z = scipy.stats.norm.ppf(0.975)
    expected = ((z + scipy.stats.norm.ppf(0.9)) / 0.01) ** 2 + z**2 / 2  # Guenther 1981
    assert abs(needed - expected) < 1


def test_equivalence_needs_eighteen_seeds() -> None:
    """science.md 8.2: margin 0.1 pp, sd 0.12, for 90 %; fourteen are enough for 80 %."""
    assert n_for_tost(margin=0.1, sd=0.12) == 18
    assert tost_power(13, margin=0.1, sd=0.12) < 0.8 < tost_power(14, margin=0.1, sd=0.12)


def test_tost_power_by_two_dimensional_integration() -> None:
    """Over the joint density of mean and variance, not through the conditional probability."""
    n, sd, margin = 6, 0.1, 0.1
    u = np.linspace(1e-9, 4, 4001)
    z = np.linspace(-8, 8, 4001)
    chi = scipy.stats.chi.pdf(u * math.sqrt(n - 1), n - 1) * math.sqrt(n - 1)
    reach = (margin - scipy.stats.t.ppf(0.95, n - 1) * sd * u / math.sqrt(n)) * math.sqrt(n) / sd
    density = scipy.stats.norm.pdf(z)
    cumulative = np.concatenate(
        [[0.0], np.cumsum((density[1:] + density[:-1]) / 2) * (z[1] - z[0])]
    )
    inside = np.interp(reach, z, cumulative) - np.interp(-reach, z, cumulative)
    expected = np.trapezoid(np.where(reach > 0, inside, 0.0) * chi, u)
    assert tost_power(n, margin=margin, sd=sd) == pytest.approx(expected, abs=1e-5)


def test_edges_are_defined() -> None:
    assert n_for_paired_t(effect=0.1, sd=0.0) == 2
    assert math.isnan(n_for_paired_t(effect=0.1, sd=math.nan))
    assert n_for_paired_t(effect=1e-6, sd=1.0) == math.inf
    assert math.isnan(smallest_detectable_effect(1, sd=math.nan))
    assert smallest_detectable_effect(5, sd=0.0) == 0.0
    assert n_for_tost(margin=0.1, sd=0.0) == 2
    assert math.isnan(n_for_tost(margin=0.1, sd=math.nan))
    assert n_for_tost(margin=0.1, sd=0.1, difference=-0.1) == math.inf
    assert tost_power(2, margin=1e-12, sd=1.0) == pytest.approx(0.0, abs=1e-9)


def test_bad_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="pairs"):
        paired_t_power(1, effect=1.0, sd=1.0)
    with pytest.raises(ValueError, match="effect"):
        n_for_paired_t(effect=0.0, sd=1.0)
    with pytest.raises(ValueError, match="level"):
        n_for_paired_t(effect=1.0, sd=1.0, alpha=1.0)
    with pytest.raises(ValueError, match="sd=-1"):
        smallest_detectable_effect(5, sd=-1.0)
    with pytest.raises(ValueError, match="margin"):
        tost_power(5, margin=0.0, sd=1.0)
    with pytest.raises(ValueError, match="margin"):
        n_for_tost(margin=-1.0, sd=1.0)
