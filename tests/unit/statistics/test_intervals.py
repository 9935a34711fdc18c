"""Intervals against tables, SciPy, formulas written a second time, and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from scipy.special import ndtr, ndtri

from bnbench.statistics import (
    Interval,
    bootstrap_interval,
    prediction_interval,
    t_interval,
    wilson_interval,
)

# Table of Student's t, two-sided 95 %, as printed in any textbook.
T_TABLE = {2: 12.706, 3: 4.303, 5: 2.776, 10: 2.262, 30: 2.045}


def monte_carlo_error(share: float, n: int) -> float:
    """Return four standard errors of a simulated share: about 1 test in 16,000 strays."""
    return 4 * math.sqrt(share * (1 - share) / n)


def test_the_mean_of_further_runs_lies_nearer_the_more_they_are() -> None:
    """Of one it is a run's, of very many the true mean itself; in between by simulation."""
    values = [0.95, 0.96, 0.98]
    many = prediction_interval(values, further=10**12)
    assert (many.low, many.high) == pytest.approx(
        (t_interval(values).low, t_interval(values).high), rel=1e-9
    )
    assert prediction_interval(values, further=1) == prediction_interval(values)
    rng, trials = np.random.default_rng(5), 4_000
    runs = rng.normal(size=(trials, 9))
    covered = [prediction_interval(row[:5], further=4).contains(row[5:].mean()) for row in runs]
    assert np.mean(covered) == pytest.approx(0.95, abs=monte_carlo_error(0.95, trials))


@pytest.mark.parametrize(("n", "quantile"), T_TABLE.items())
def test_t_interval_uses_the_printed_quantiles(n: int, quantile: float) -> None:
    values = np.arange(n, dtype=float)
    mean, sd = (n - 1) / 2, math.sqrt(n * (n + 1) / 12)  # of 0, 1, ..., n - 1 with ddof 1
    interval = t_interval(values)
    assert interval.high - mean == pytest.approx(quantile * sd / math.sqrt(n), rel=2e-4)
    assert mean - interval.low == pytest.approx(interval.high - mean)


def test_t_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).normal(0.98, 0.001, size=7)
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.9)
    interval = t_interval(values, confidence=0.9)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


# science.md, section 3: three re-runs of the published recipe and the interval printed beside.
RE_RUNS = {
    "regular, epoch 1": ((0.950, 0.945, 0.952), 0.0005, (0.9306, 0.9674), 0.930, False),
    "batch norm, epoch 1": ((0.971, 0.971, 0.972), 0.0005, (0.9680, 0.9747), 0.956, False),
    "regular, epoch 10": ((0.983, 0.982, 0.983), 0.0005, (0.9793, 0.9860), 0.981, True),
    "batch norm, epoch 10": ((0.984, 0.985, 0.986), 0.0005, (0.9795, 0.9905), 0.986, True),
    "difference, epoch 1 (pp)": ((2.1, 2.6, 2.0), 0.0, (0.6, 3.8), 2.6, True),
    "difference, epoch 10 (pp)": ((0.1, 0.3, 0.3), 0.0, (-0.3, 0.8), 0.5, True),
}


@pytest.mark.parametrize("name", RE_RUNS)
def test_prediction_intervals_of_the_first_article(name: str) -> None:
    values, rounding, (low, high), published, inside = RE_RUNS[name]
    interval = prediction_interval(values, rounding=rounding)
    digits = 4 if rounding else 1
    assert (round(interval.low, digits), round(interval.high, digits)) == (low, high)
    assert interval.contains(published) is inside
    assert interval.excludes(published) is not inside


@pytest.mark.parametrize("n", [2, 5, 20])
def test_t_and_prediction_intervals_cover_the_truth(n: int) -> None:
    rng, trials = np.random.default_rng(20 + n), 2000
    runs = rng.normal(0.98, 0.002, size=(trials, n + 1))
    of_mean = np.mean([t_interval(row[:n]).contains(0.98) for row in runs])
    of_run = np.mean([prediction_interval(row[:n]).contains(row[n]) for row in runs])
    assert of_mean == pytest.approx(0.95, abs=monte_carlo_error(0.95, trials))
    assert of_run == pytest.approx(0.95, abs=monte_carlo_error(0.95, trials))


def bootstrap_by_hand(values: np.ndarray, seed: int, bca: bool) -> tuple[float, float]:
    """Return Efron's interval of the mean, from his formulas, on the same 10,000 resamples."""
    n = len(values)
    picks = np.random.default_rng(seed).integers(0, n, size=(10_000, n))
    means = np.array([values[row].mean() for row in picks])
    z0 = acceleration = 0.0
    if bca:
        below, equal = (means < values.mean()).mean(), (means == values.mean()).mean()
        z0 = float(ndtri(below + equal / 2))
        deviations = values - values.mean()  # the jackknife of a mean
        acceleration = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))
    z = z0 + ndtri([0.025, 0.975])
    low, high = np.quantile(means, ndtr(z0 + z / (1 - acceleration * z)))
    return float(low), float(high)


@pytest.mark.parametrize("n", [2, 5, 7, 8, 12, 30])
def test_bootstrap_is_percentile_below_eight_and_bca_from_there(n: int) -> None:
    values = np.random.default_rng(n).exponential(size=n)
    interval = bootstrap_interval(values, seed=3)
    assert interval.method == ("BCa bootstrap" if n >= 8 else "percentile bootstrap")
    expected = bootstrap_by_hand(values, 3, bca=n >= 8)
    assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-9)


def test_bootstrap_of_differences_is_scipys_paired_bootstrap() -> None:
    rng = np.random.default_rng(8)
    treatment, baseline = rng.normal(0.986, 0.001, 10), rng.normal(0.982, 0.001, 10)
    expected = scipy.stats.bootstrap(
        (treatment, baseline),
        lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        method="BCa",
        rng=np.random.default_rng(5),
    ).confidence_interval
    interval = bootstrap_interval(treatment - baseline, seed=5)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_a_generator_moves_on_and_a_number_does_not() -> None:
    values = np.random.default_rng(0).normal(size=9)
    assert bootstrap_interval(values, seed=7) == bootstrap_interval(values, seed=7)
    assert bootstrap_interval(values, seed=7) != bootstrap_interval(values, seed=8)
    rng = np.random.default_rng(7)
    first, second = bootstrap_interval(values, seed=rng), bootstrap_interval(values, seed=rng)
    assert first == bootstrap_interval(values, seed=7)
    assert second != first


@pytest.mark.parametrize(("n", "share"), [(5, 0.835), (10, 0.897), (40, 0.938)])
def test_bootstrap_covers_as_little_as_its_docstring_says(n: int, share: float) -> None:
    """Shares from 40,000 samples of another implementation: fewer than 0.95, and no secret."""
    rng, trials = np.random.default_rng(n), 2000
    covered = [
        bootstrap_interval(rng.normal(size=n), seed=rng, resamples=1000).contains(0)
        for _ in range(trials)
    ]
    assert np.mean(covered) == pytest.approx(share, abs=monte_carlo_error(share, trials))


@pytest.mark.parametrize("values", [(0.1,) * 3, (0.1,) * 10, (0.1 + 0.2,) * 4 + (0.3,) * 5])
def test_constant_values_give_a_point(values: tuple[float, ...]) -> None:
    for interval in (t_interval(values), prediction_interval(values)):
        assert (interval.low, interval.high) == pytest.approx((values[0],) * 2, abs=1e-15)
    interval = bootstrap_interval(values, seed=0)
    assert interval.low == interval.high == pytest.approx(values[0], abs=1e-15)


def test_one_value_gives_no_interval() -> None:
    intervals = [t_interval([0.98]), prediction_interval([0.98], rounding=0.0005)]
    for interval in [*intervals, bootstrap_interval([0.98], seed=0)]:
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)
        assert not interval.contains(0.98)
        assert not interval.excludes(0.5)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 10), (10, 10), (3, 10), (17, 40)])
def test_wilson_agrees_with_scipy(successes: int, n: int) -> None:
    expected = scipy.stats.binomtest(successes, n).proportion_ci(method="wilson")
    interval = wilson_interval(successes, n)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_takes_ties_that_count_half() -> None:
    interval, share = wilson_interval(7.5, 10), 0.75
    for p in (interval.low, interval.high):  # the score test just rejects at both ends
        assert abs(share - p) == pytest.approx(1.959964 * math.sqrt(p * (1 - p) / 10), rel=1e-6)


def test_wilson_never_leaves_the_unit_interval() -> None:
    assert wilson_interval(0, 3).low == 0
    assert wilson_interval(3, 3).high == 1


def test_the_ends_of_an_interval_belong_to_it() -> None:
    interval = Interval(0.1, 0.2, "t")
    assert interval.contains(0.1)
    assert interval.contains(0.2)
    assert not interval.excludes(0.2)
    assert interval.excludes(0.2000001)
    assert interval.widened(0.05).high == pytest.approx(0.25)
    assert interval.widened(0.05).low == pytest.approx(0.05)


@pytest.mark.parametrize("values", [[], [[0.1, 0.2]], [0.1, math.nan], [0.1, math.inf]])
def test_what_is_no_sample_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        t_interval(values)
    with pytest.raises(ValueError, match="sample"):
        bootstrap_interval(values, seed=0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_impossible_proportions_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(successes, n)
