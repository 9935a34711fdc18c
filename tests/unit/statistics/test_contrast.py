"""The paired contrast against SciPy on the same arrays, and at its edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from bnbench.statistics import n_for_paired_t, paired_contrast, smallest_detectable_effect

TREATMENT = {0: 0.9861, 1: 0.9853, 2: 0.9870, 3: 0.9849, 4: 0.9866, 5: 0.9858, 6: 0.9860, 7: 0.9851}
BASELINE = {0: 0.9832, 1: 0.9829, 2: 0.9841, 3: 0.9852, 4: 0.9825, 5: 0.9838, 6: 0.9860, 7: 0.9819}


def test_every_number_against_scipy() -> None:
    first, second = np.array(list(TREATMENT.values())), np.array(list(BASELINE.values()))
    result = paired_contrast(TREATMENT, BASELINE)
    t_test = scipy.stats.ttest_rel(first, second)
    ends = t_test.confidence_interval()

    assert result.n == 8
    assert result.treatment_mean == pytest.approx(first.mean(), rel=1e-12)
    assert result.baseline_mean == pytest.approx(second.mean(), rel=1e-12)
    assert result.mean_difference == pytest.approx((first - second).mean(), rel=1e-9)
    assert result.sd == pytest.approx((first - second).std(ddof=1), rel=1e-9)
    assert result.t_interval.low == pytest.approx(ends.low, rel=1e-9)
    assert result.t_interval.high == pytest.approx(ends.high, rel=1e-9)
    assert result.d_z * math.sqrt(8) == pytest.approx(t_test.statistic, rel=1e-9)
    correlation = scipy.stats.pearsonr(first, second).statistic
    assert result.pairing_correlation == pytest.approx(correlation, rel=1e-9)
    rounded = np.round(first - second, 12)
    permuted = scipy.stats.permutation_test((rounded,), np.mean, permutation_type="samples")
    assert result.sign_flip_p == pytest.approx(permuted.pvalue, abs=1e-12)
    assert result.wilcoxon_p == pytest.approx(scipy.stats.wilcoxon(rounded).pvalue)


def test_wins_by_hand() -> None:
    result = paired_contrast(TREATMENT, BASELINE)  # six wins, one loss (3), one tie (6)
    assert result.win_probability == 6.5 / 8
    assert result.win_interval.contains(6.5 / 8)
    losses = paired_contrast(TREATMENT, BASELINE, higher_is_better=False)
    assert losses.win_probability == 1.5 / 8


def test_what_n_could_show_and_would_need() -> None:
    result = paired_contrast(TREATMENT, BASELINE, effect_of_interest=0.0005)
    assert result.smallest_detectable == smallest_detectable_effect(8, sd=result.sd)
    assert result.n_needed == n_for_paired_t(effect=0.0005, sd=result.sd) > 8
    assert result.effect_of_interest == 0.0005


def test_seeds_of_one_arm_alone_are_left_out() -> None:
    result = paired_contrast({**TREATMENT, 11: 0.5}, {**BASELINE, 12: 0.5, 10: 0.4})
    assert result.seeds == tuple(range(8))
    assert result == paired_contrast(TREATMENT, BASELINE)


@pytest.mark.parametrize(("n", "may"), [(1, False), (3, False), (5, False), (6, True), (10, True)])
def test_a_difference_is_found_from_six_seeds_on(n: int, may: bool) -> None:
    treatment = {seed: 0.99 + seed / 1000 for seed in range(n)}
    result = paired_contrast(treatment, dict.fromkeys(range(n), 0.98))
    assert (result.sign_flip_p < 0.05) is may  # the clearest outcome there is


def test_one_seed_is_defined() -> None:
    result = paired_contrast({0: 0.986}, {0: 0.981})
    assert (result.n, result.mean_difference, result.win_probability) == (1, 0.005, 1.0)
    assert (result.sign_flip_p, result.wilcoxon_p) == (1.0, 1.0)
    unknown = (
        result.sd, result.d_z, result.pairing_correlation, result.smallest_detectable,
        result.n_needed, result.t_interval.low, result.bootstrap_interval.high,
    )  # fmt: skip
    assert all(math.isnan(value) for value in unknown)


def test_two_seeds_by_hand() -> None:
    result = paired_contrast({0: 0.3, 1: 0.6}, {0: 0.2, 1: 0.2})  # differences .1 and .4
    assert result.mean_difference == pytest.approx(0.25)
    assert result.sd == pytest.approx(0.3 / math.sqrt(2))
    half = 12.7062 * 0.15  # t(1) * sd / sqrt(2)
    assert result.t_interval.high == pytest.approx(0.25 + half, rel=1e-5)
    assert (result.bootstrap_interval.low, result.bootstrap_interval.high) == (0.1, 0.4)
    assert result.sign_flip_p == 0.5
    assert math.isnan(result.pairing_correlation)  # one arm is constant


@pytest.mark.parametrize("n", [2, 3, 7, 8, 12, 21])
@pytest.mark.parametrize("difference", [0.004, 0.0, -0.004])
def test_constant_differences_are_exact(n: int, difference: float) -> None:
    baseline = {seed: 0.90 + seed / 1000 for seed in range(n)}
    treatment = {seed: value + difference for seed, value in baseline.items()}
    result = paired_contrast(treatment, baseline)
    assert (result.mean_difference, result.sd) == (difference, 0.0)
    for interval in (result.t_interval, result.bootstrap_interval):
        assert interval.low == interval.high == difference
    assert result.smallest_detectable == 0.0
    assert result.n_needed == 2.0
    assert result.pairing_correlation == pytest.approx(1.0)
    if difference == 0:
        assert math.isnan(result.d_z)
        assert (result.win_probability, result.sign_flip_p, result.wilcoxon_p) == (0.5, 1.0, 1.0)
    else:
        assert result.d_z == math.copysign(math.inf, difference)
        assert result.win_probability == (1.0 if difference > 0 else 0.0)


def test_one_diverged_arm_is_a_number_like_any_other() -> None:
    result = paired_contrast(TREATMENT, dict.fromkeys(TREATMENT, 0.1135))
    assert result.mean_difference == pytest.approx(0.8724, abs=1e-4)
    assert math.isnan(result.pairing_correlation)
    assert result.sign_flip_p == 2 / 2**8


def test_an_effect_of_interest_is_positive() -> None:
    with pytest.raises(ValueError, match="effect"):
        paired_contrast(TREATMENT, BASELINE, effect_of_interest=0.0)
