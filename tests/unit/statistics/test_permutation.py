"""Sign flips against exact fractions over all flips, SciPy, and their level under the null."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats

from bnbench.statistics import (
    pair_by_seed,
    share_below_p,
    sign_flip_p,
    sign_test_p,
    smallest_p,
    wilcoxon_p,
)


def brute_force_p(differences: Sequence[Fraction]) -> float:
    """Return the share of sign vectors with a sum as far from zero, in exact arithmetic."""
    observed = abs(sum(differences, Fraction()))
    flips = itertools.product(*((d, -d) for d in differences))
    far = sum(abs(sum(flip, Fraction())) >= observed for flip in flips)
    return float(Fraction(far, 2 ** len(differences)))


@pytest.mark.parametrize(
    ("differences", "p"),
    [
        ([1, 2, 3], 2 / 8),  # only +++ and ---
        ([1, 2, -3], 1.0),  # the sum is zero, all flips are as far
        ([1, 2, -1], 6 / 8),  # |sum| = 2 or more: all but (1, -2, 1) and its mirror: 0
        ([4, 2, -1], 4 / 8),  # 7, 5 and their mirrors
        ([0.5], 1.0),
        ([0.0, 0.0, 0.0], 1.0),
    ],
)
def test_sign_flips_by_hand(differences: list[float], p: float) -> None:
    assert sign_flip_p(differences) == p


@pytest.mark.parametrize("n", range(1, 11))
def test_sign_flips_against_exact_fractions(n: int) -> None:
    """Four decimals collide often, and in floats not exactly: 0.1 + 0.2 is not 0.3."""
    rng = np.random.default_rng(n)
    for _ in range(8):
        exact = [Fraction(int(k), 10_000) for k in rng.integers(-6, 12, size=n)]
        assert sign_flip_p([float(d) for d in exact]) == brute_force_p(exact)


def test_the_observed_flip_is_never_lost_to_rounding() -> None:
    """Without a tolerance the three orders of this sum differ in the last digit."""
    differences = [0.1, 0.2, 0.3, 0.6, 0.7]
    for order in itertools.permutations(differences):
        assert sign_flip_p(order) == 2 / 2**5


def test_rounded_differences_keep_their_ties() -> None:
    """Counted in whole images of 15,000: 326 of 512 sums are as large, and 314 larger."""
    images = np.array([31, 112, 130, 13, -62, -56, 40, -15, -81])
    by_seed = dict(enumerate(images / 15000))
    pairs = pair_by_seed(by_seed, dict.fromkeys(by_seed, 0.0))
    assert sign_flip_p(pairs.differences) == 326 / 512


@pytest.mark.parametrize("n", [1, 2, 5, 6, 10, 20, 40])
def test_the_smallest_p_is_two_over_two_to_the_n(n: int) -> None:
    differences = np.linspace(0.001, 0.002, n)
    assert sign_flip_p(differences) == smallest_p(n) == 2 / 2**n


def exact_p_of_integers(differences: Sequence[int]) -> float:
    """Return the sign-flip p from the distribution of the sum, built term by term."""
    counts: Counter[int] = Counter({0: 1})
    for difference in differences:
        step: Counter[int] = Counter()
        for total, count in counts.items():
            step[total + difference] += count
            step[total - difference] += count
        counts = step
    far = sum(count for total, count in counts.items() if abs(total) >= abs(sum(differences)))
    return float(far / 2 ** len(differences))


@pytest.mark.parametrize("n", [20, 21, 30, 39, 40])
def test_up_to_forty_differences_every_flip_counts(n: int) -> None:
    differences = np.random.default_rng(n).integers(-8, 14, size=n).tolist()
    expected = exact_p_of_integers(differences)
    assert 0.0001 < expected < 0.5
    assert sign_flip_p(np.divide(differences, 10_000)) == expected


def test_beyond_forty_the_flips_are_sampled() -> None:
    differences = np.random.default_rng(41).integers(-9, 14, size=41).tolist()
    expected = exact_p_of_integers(differences)
    assert 0.001 < expected < 0.5
    error = 4 * math.sqrt(expected * (1 - expected) / 100_000)
    assert sign_flip_p(differences) == pytest.approx(expected, abs=error)
    assert sign_flip_p(differences, seed=3) == sign_flip_p(differences, seed=3)
    assert sign_flip_p(differences, seed=3) != sign_flip_p(differences, seed=4)


def test_a_sampled_p_is_never_zero() -> None:
    assert sign_flip_p([0.001] * 60) == 1 / 100_001


@pytest.mark.parametrize(
    "magnitudes", [(1, 2, 3, 4, 5, 6, 7, 8), (1, 1, 1, 2, 2, 3, 3, 5), (0, 0, 1, 1, 1, 1, 4, 9)]
)
def test_the_exact_test_keeps_every_level_with_ties_too(magnitudes: tuple[int, ...]) -> None:
    """Given the magnitudes all flips are equally likely: count them, nothing is simulated."""
    flips = itertools.product((-1, 1), repeat=len(magnitudes))
    p_values = [sign_flip_p(np.multiply(signs, magnitudes)) for signs in flips]
    for level in set(p_values):
        assert np.mean(np.array(p_values) <= level) == level


def test_the_sampled_test_keeps_its_level() -> None:
    """With 199 flips the p-value is one of 200 equally likely ones: exactly 5 %."""
    rng, trials = np.random.default_rng(5), 2000
    rejected = np.mean(
        [sign_flip_p(rng.normal(size=41), seed=rng, resamples=199) <= 0.05 for _ in range(trials)]
    )
    assert rejected == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / trials))


def test_wilcoxon_by_hand() -> None:
    assert wilcoxon_p([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 64)
    assert wilcoxon_p([-1, 2, 3, 4, 5, 6]) == pytest.approx(4 / 64)  # rank sums 0 and 1


@pytest.mark.parametrize("n", range(1, 11))
def test_wilcoxon_is_a_sign_flip_test_of_ranks(n: int) -> None:
    """All flips of the signed ranks in exact fractions; SciPy, where it is exact as well."""
    differences = np.random.default_rng(n).integers(-4, 7, size=n).astype(float)  # ties, zeros
    kept = differences[differences != 0]
    ranks = scipy.stats.rankdata(np.abs(kept)) * np.sign(kept)
    expected = brute_force_p([Fraction(rank) for rank in ranks])
    assert wilcoxon_p(differences) == pytest.approx(expected, abs=1e-12)
    assert wilcoxon_p(differences) == pytest.approx(scipy.stats.wilcoxon(differences).pvalue)


def test_wilcoxon_without_a_difference() -> None:
    assert wilcoxon_p([0.0, 0.0]) == 1.0


@pytest.mark.parametrize(("wins", "losses"), [(5, 0), (0, 5), (6, 1), (3, 3), (9, 1), (40, 20)])
def test_sign_test_agrees_with_scipy(wins: int, losses: int) -> None:
    expected = scipy.stats.binomtest(wins, wins + losses).pvalue
    assert sign_test_p(wins, losses) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 8), (0, 0), (2, 10), (10, 10), (20, 60)])
def test_a_share_below_another_agrees_with_scipy(successes: int, n: int) -> None:
    expected = scipy.stats.binomtest(successes, n, 1 / 3, "less").pvalue if n else 1
    assert share_below_p(successes, n, 1 / 3) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="3 successes of 2 trials"):
        share_below_p(3, 2, 1 / 3)


def test_sign_test_by_hand() -> None:
    assert sign_test_p(5, 0) == 0.0625
    assert sign_test_p(0, 0) == 1.0
    assert sign_test_p(1, 1) == 1.0


@pytest.mark.parametrize("n", [5, 6, 7, 10, 25, 60])
def test_the_sign_test_keeps_every_level(n: int) -> None:
    """Over all outcomes of n fair coins; a level that is a p-value is used up."""
    shares = [math.comb(n, wins) / 2**n for wins in range(n + 1)]
    p_values = [sign_test_p(wins, n - wins) for wins in range(n + 1)]
    for level in {0.01, 0.05, 0.1, *p_values}:
        size = sum(share for share, p in zip(shares, p_values, strict=True) if p <= level)
        assert size <= level * (1 + 1e-12)
        assert level not in p_values or size == pytest.approx(level, rel=1e-12)


def test_no_sample_no_p() -> None:
    with pytest.raises(ValueError, match="sample"):
        sign_flip_p([])
    with pytest.raises(ValueError, match="sample"):
        wilcoxon_p([0.1, math.nan])
    with pytest.raises(ValueError, match="wins"):
        sign_test_p(-1, 2)
