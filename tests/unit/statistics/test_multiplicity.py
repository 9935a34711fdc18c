"""Adjusted p-values against their definitions and their promise under the null."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from bnbench.statistics import benjamini_hochberg, holm


def holm_by_closed_testing(p_values: list[float]) -> list[float]:
    """Return the largest Bonferroni p over all sets of tests that contain each one."""
    m = len(p_values)
    sets = [s for size in range(1, m + 1) for s in itertools.combinations(range(m), size)]
    bonferroni = {s: min(1.0, len(s) * min(p_values[i] for i in s)) for s in sets}
    return [max(p for s, p in bonferroni.items() if i in s) for i in range(m)]


@pytest.mark.parametrize("m", range(1, 9))
def test_holm_is_closed_testing_with_bonferroni(m: int) -> None:
    rng = np.random.default_rng(m)
    for _ in range(5):
        p_values = (rng.integers(0, 40, size=m) / 100).tolist()  # ties and zeros among them
        assert holm(p_values).tolist() == pytest.approx(holm_by_closed_testing(p_values))


@pytest.mark.parametrize("m", [1, 2, 5, 40])
def test_benjamini_hochberg_is_its_definition(m: int) -> None:
    """An adjusted p is the smallest q at which the step-up procedure rejects the test."""
    p_values = np.random.default_rng(m).integers(0, 50, size=m) / 49
    largest = {p: int((p_values <= p).sum()) for p in p_values}  # rank, with ties
    expected = [min(min(1.0, m * q / largest[q]) for q in p_values if q >= p) for p in p_values]
    assert benjamini_hochberg(p_values) == pytest.approx(expected, abs=1e-15)


def test_twenty_five_tests_need_ten_seeds() -> None:
    """science.md 8.2: only from n = 10 on can a family of 25 reach 0.05 at all."""
    rest = [1.0] * 24
    assert holm([2 / 2**9, *rest])[0] > 0.05
    assert holm([2 / 2**10, *rest])[0] < 0.05


def test_holm_keeps_the_familywise_error() -> None:
    rng, trials = np.random.default_rng(0), 3000
    rejected = np.mean([holm(rng.uniform(size=25)).min() <= 0.05 for _ in range(trials)])
    expected = 1 - (1 - 0.05 / 25) ** 25  # 4.9 %: the smallest p decides under the full null
    assert rejected == pytest.approx(expected, abs=4 * math.sqrt(0.05 * 0.95 / trials))


def test_benjamini_hochberg_keeps_the_false_discovery_rate() -> None:
    """Ten of twenty hypotheses true, independent: the rate is exactly q * 10 / 20."""
    rng, trials = np.random.default_rng(1), 3000
    shares = []
    for _ in range(trials):
        p_values = scipy.stats.norm.sf(np.r_[rng.normal(size=10), rng.normal(3, 1, size=10)])
        found = benjamini_hochberg(p_values) <= 0.2
        shares.append(found[:10].sum() / max(found.sum(), 1))
    error = 4 * np.std(shares) / math.sqrt(trials)
    assert np.mean(shares) == pytest.approx(0.2 * 10 / 20, abs=error)


def test_an_empty_family_is_allowed() -> None:
    assert holm([]).tolist() == []
    assert benjamini_hochberg([]).tolist() == []


@pytest.mark.parametrize("p_values", [[-0.1], [1.1], [math.nan], [[0.1]]])
def test_what_is_no_p_is_refused(p_values: list[float]) -> None:
    for adjust in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p-values"):
            adjust(p_values)
