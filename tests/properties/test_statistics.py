"""Laws of the statistics, on accuracies as they come: counts over ten thousand images."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnbench.statistics import (
    Contrast,
    Interval,
    benjamini_hochberg,
    equivalence_test,
    holm,
    kendall_tau,
    paired_contrast,
    sign_flip_p,
    speed_up,
    summarize,
    time_to,
    wilson_interval,
)

accuracies = st.integers(0, 10_000).map(lambda count: count / 10_000)
arms = st.dictionaries(
    st.integers(0, 40), st.tuples(accuracies, accuracies), min_size=1, max_size=12
).map(lambda pairs: ({s: p[0] for s, p in pairs.items()}, {s: p[1] for s, p in pairs.items()}))
Arms = tuple[dict[int, float], dict[int, float]]
times = st.one_of(st.integers(1, 20).map(float), st.just(math.inf))
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def nearly(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True)


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


@given(arms)
@settings(deadline=None, max_examples=60)
def test_swapping_the_arms_negates_the_difference_and_keeps_p(pair: Arms) -> None:
    there, back = paired_contrast(*pair), paired_contrast(*reversed(pair))
    assert back.mean_difference == -there.mean_difference
    assert back.sd == nearly(there.sd)
    assert (back.sign_flip_p, back.wilcoxon_p) == (there.sign_flip_p, there.wilcoxon_p)
    assert ends(back.t_interval) == nearly_negated(there.t_interval)
    assert ends(back.bootstrap_interval) == nearly_negated(there.bootstrap_interval)
    assert back.win_probability == nearly(1 - there.win_probability)
    assert back.pairing_correlation == nearly(there.pairing_correlation)
    assert back.n_needed == nearly(there.n_needed)


def nearly_negated(interval: Interval) -> object:
    return pytest.approx((-interval.high, -interval.low), rel=1e-9, abs=1e-12, nan_ok=True)


@given(arms, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_the_seeds_is_irrelevant(pair: Arms, random: object) -> None:
    shuffled = []
    for arm in pair:
        seeds = list(arm)
        random.shuffle(seeds)  # type: ignore[attr-defined]
        shuffled.append({seed: arm[seed] for seed in seeds})
    assert repr(paired_contrast(*shuffled)) == repr(paired_contrast(*pair))  # NaN is not NaN


@given(arms)
@settings(deadline=None, max_examples=40)
def test_per_cent_changes_the_unit_and_nothing_else(pair: Arms) -> None:
    share = paired_contrast(*pair)
    scaled = ({seed: 100 * value for seed, value in arm.items()} for arm in pair)
    per_cent = paired_contrast(*scaled, effect_of_interest=0.1)
    for name in ("mean_difference", "sd", "smallest_detectable", "treatment_mean"):
        assert getattr(per_cent, name) == nearly(100 * getattr(share, name))
    for name in ("sign_flip_p", "wilcoxon_p", "win_probability", "n_needed"):
        assert getattr(per_cent, name) == nearly(getattr(share, name))


@given(arms)
@settings(deadline=None, max_examples=60)
def test_a_contrast_is_within_its_bounds(pair: Arms) -> None:
    result = paired_contrast(*pair)
    assert 2 / 2**result.n <= result.sign_flip_p <= 1
    assert 0 < result.wilcoxon_p <= 1
    assert 0 <= result.win_interval.low <= result.win_probability <= result.win_interval.high <= 1
    assert min(result.differences) <= result.mean_difference <= max(result.differences)
    if result.n > 1:
        assert result.t_interval.contains(result.mean_difference)
        low, high = ends(result.bootstrap_interval)
        assert min(result.differences) - 1e-12 <= low <= high <= max(result.differences) + 1e-12
        assert result.sd >= 0
    assert_plain(result)


def assert_plain(result: Contrast) -> None:
    """Every leaf is a plain Python value, fit for JSON and for repr."""
    for value in dataclasses.asdict(result).values():
        leaves = value if isinstance(value, tuple) else [value]
        assert {type(leaf) for leaf in leaves} <= {int, float, str, dict}


@given(st.lists(accuracies, min_size=2, max_size=15), st.floats(0, 0.01))
@settings(deadline=None)  # SciPy is imported on the way
def test_a_further_run_is_less_certain_than_the_mean(values: list[float], rounding: float) -> None:
    summary = summarize(values, rounding=rounding)
    assert summary.prediction.low <= summary.interval.low + 1e-12
    assert summary.prediction.high >= summary.interval.high - 1e-12
    assert summary.minimum <= summary.mean <= summary.maximum
    assert summarize(values[::-1], rounding=rounding) == summary


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9), st.sampled_from([1e-4, 0.1, 3.0]))
@settings(deadline=None)  # SciPy is imported on the way
def test_scale_and_sign_do_not_change_p(counts: list[int], scale: float) -> None:
    p = sign_flip_p(counts)
    assert sign_flip_p([scale * count for count in counts]) == p
    assert sign_flip_p([-count for count in counts]) == p
    assert p * 2 ** len(counts) == int(p * 2 ** len(counts))


@given(p_values)
@settings(deadline=None)  # SciPy is imported on the way
def test_adjusting_only_raises_and_keeps_the_ranking(values: list[float]) -> None:
    order = np.argsort(values, kind="stable")
    strict, lenient = holm(values), benjamini_hochberg(values)
    assert (strict >= lenient - 1e-15).all()
    for adjusted in (strict, lenient):
        assert (adjusted >= np.array(values) - 1e-15).all()
        assert (np.diff(adjusted[order]) >= 0).all()
        assert (adjusted <= 1).all()


@given(st.lists(accuracies, max_size=12), accuracies, accuracies)
def test_a_higher_threshold_is_never_crossed_sooner(
    curve: list[float], first: float, second: float
) -> None:
    low, high = sorted((first, second))
    steps = range(len(curve))
    assert 0 <= time_to(steps, curve, low) <= time_to(steps, curve, high) + 1e-9


@given(st.lists(accuracies, max_size=12), accuracies, st.integers(2, 400))
def test_a_crossing_has_the_unit_of_its_times(
    curve: list[float], threshold: float, steps_per_epoch: int
) -> None:
    epochs = np.arange(len(curve))
    of_steps = time_to(steps_per_epoch * epochs, curve, threshold)
    assert of_steps == nearly(steps_per_epoch * time_to(epochs, curve, threshold))


@given(st.lists(st.integers(0, 30), max_size=12))
def test_a_trend_depends_on_the_order_alone(counts: list[int]) -> None:
    there = kendall_tau(counts)
    assert there == nearly(kendall_tau([math.exp(count) for count in counts]))
    assert kendall_tau(counts[::-1]) == nearly(-there)
    assert -1 <= there <= 1 or len(set(counts)) < 2


@given(st.lists(st.tuples(times, times), min_size=1, max_size=9))
@settings(deadline=None, max_examples=60)
def test_speed_up_is_defined_for_every_mixture_of_infinities(
    pairs: list[tuple[float, float]],
) -> None:
    treatment, baseline = (dict(enumerate(arm)) for arm in zip(*pairs, strict=True))
    there = speed_up(treatment, baseline, resamples=200)
    back = speed_up(baseline, treatment, resamples=200)
    assert there.sign_test_p == back.sign_test_p
    assert there.win_probability == nearly(1 - back.win_probability)
    assert math.isnan(there.ratio) == math.isnan(back.ratio)
    if 0 < there.ratio < math.inf:
        assert there.ratio == nearly(1 / back.ratio)
    if there.n > 1:
        assert 0 <= there.interval.low <= there.interval.high <= math.inf


@given(st.lists(times, min_size=1, max_size=9), st.integers(2, 9))
@settings(deadline=None)  # SciPy is imported on the way
def test_a_ratio_has_no_unit(values: list[float], factor: int) -> None:
    times_of = dict(enumerate(values))
    slower = {seed: factor * value for seed, value in times_of.items()}
    ratio = speed_up(times_of, slower, resamples=1).ratio
    assert math.isnan(ratio) or ratio == nearly(factor)


@given(st.integers(1, 60), st.data())
@settings(deadline=None)  # SciPy is imported on the way
def test_wilson_mirrors_failures(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    there, back = wilson_interval(successes, n), wilson_interval(n - successes, n)
    assert there.low == nearly(1 - back.high)
    assert there.low <= successes / n <= there.high


@given(st.lists(st.integers(-30, 30), min_size=2, max_size=12), st.integers(1, 40))
@settings(deadline=None)  # SciPy is imported on the way
def test_equivalence_is_its_interval_inside_the_margin(counts: list[int], margin: int) -> None:
    values = [count / 10_000 for count in counts]
    result = equivalence_test(values, margin=margin / 10_000)
    negated = equivalence_test([-value for value in values], margin=margin / 10_000)
    assert negated.p == nearly(result.p)
    distance = max(abs(result.interval.low), abs(result.interval.high)) - result.margin
    if abs(distance) > 1e-12:
        assert result.equivalent is (distance < 0)
