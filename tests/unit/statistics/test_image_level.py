"""McNemar by hand, and the crossed bootstrap against indices drawn one by one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from bnbench.statistics import mcnemar, two_level_bootstrap

Table = npt.NDArray[np.bool_]


def test_mcnemar_by_hand() -> None:
    labels = np.zeros(20, dtype=int)
    treatment, baseline = labels.copy(), labels.copy()
    baseline[:6] = 1  # six that only the treatment gets right
    treatment[6] = 2  # one that only the baseline gets right
    treatment[7], baseline[7] = 3, 4  # both wrong, differently
    result = mcnemar(treatment, baseline, labels)
    assert (result.only_treatment_right, result.only_baseline_right) == (6, 1)
    assert result.p == pytest.approx(2 * (1 + 7) / 2**7)
    assert result.accuracy_difference == pytest.approx(5 / 20)
    assert result.n_images == 20


def test_mcnemar_of_twins() -> None:
    assert mcnemar([1, 2], [1, 2], [1, 3]).p == 1.0


def simulated(
    rng: np.random.Generator, seeds: int, images: int, *, seed_sd: float, image_sd: float
) -> tuple[Table, Table]:
    """Return two correctness tables whose true difference, over new digits, is zero."""
    gain = rng.normal(0, seed_sd, size=(seeds, 1)) + rng.choice([-image_sd, image_sd], size=images)
    treatment = rng.uniform(size=(seeds, images)) < 0.7 + gain
    return treatment, rng.uniform(size=(seeds, images)) < 0.7


def test_intervals_against_indices_drawn_one_by_one() -> None:
    rng = np.random.default_rng(5)
    treatment, baseline = simulated(rng, 4, 80, seed_sd=0.05, image_sd=0.2)
    differences = treatment.astype(float) - baseline
    both, seeds_only = [], []
    for _ in range(8000):
        rows, columns = rng.integers(0, 4, size=4), rng.integers(0, 80, size=80)
        both.append(differences[np.ix_(rows, columns)].mean())
        seeds_only.append(differences[rows].mean())
    result = two_level_bootstrap(treatment, baseline, seed=1)
    assert result.accuracy_difference == pytest.approx(differences.mean())
    for interval, means in ((result.interval, both), (result.seeds_only_interval, seeds_only)):
        expected = np.quantile(means, [0.025, 0.975])
        error = 0.06 * np.std(means) + 1 / 320  # four errors of a 2.5 % quantile, and a step
        assert (interval.low, interval.high) == pytest.approx(tuple(expected), abs=error)


def test_new_digits_are_covered_and_this_file_alone_does_not_cover_them() -> None:
    rng, trials = np.random.default_rng(6), 200
    results = [
        two_level_bootstrap(
            *simulated(rng, 12, 60, seed_sd=0.02, image_sd=0.29), seed=rng, resamples=500
        )
        for _ in range(trials)
    ]
    assert np.mean([result.interval.contains(0) for result in results]) > 0.93
    assert np.mean([result.seeds_only_interval.contains(0) for result in results]) < 0.85


def test_noise_of_single_cells_is_counted_three_times() -> None:
    """As the docstring says: the price of resampling both ways (Owen 2007)."""
    rng = np.random.default_rng(7)
    treatment, baseline = simulated(rng, 40, 400, seed_sd=0.0, image_sd=0.0)
    interval = two_level_bootstrap(treatment, baseline, seed=0, resamples=4000).interval
    sd = math.sqrt(2 * 0.7 * 0.3 / (40 * 400))
    assert (interval.high - interval.low) / (2 * 1.96 * sd) == pytest.approx(math.sqrt(3), rel=0.08)


def test_the_order_of_the_images_changes_no_digit() -> None:
    rng = np.random.default_rng(8)
    treatment, baseline = simulated(rng, 3, 50, seed_sd=0.0, image_sd=0.2)
    order = rng.permutation(50)
    first = two_level_bootstrap(treatment, baseline, seed=2)
    assert first == two_level_bootstrap(treatment[:, order], baseline[:, order], seed=2)
    assert first != two_level_bootstrap(treatment, baseline, seed=3)


def test_one_seed_speaks_of_its_images_only() -> None:
    rng = np.random.default_rng(9)
    treatment, baseline = simulated(rng, 1, 1000, seed_sd=0.0, image_sd=0.0)
    result = two_level_bootstrap(treatment, baseline, seed=0)
    spread = (treatment.astype(float) - baseline).std()
    assert result.interval.high - result.interval.low == pytest.approx(
        2 * 1.96 * spread / math.sqrt(1000), rel=0.06
    )
    assert math.isnan(result.seeds_only_interval.low)


def test_twins_do_not_differ() -> None:
    table = np.ones((3, 10), dtype=bool)
    result = two_level_bootstrap(table, table, seed=0)
    assert (result.accuracy_difference, result.interval.low, result.interval.high) == (0, 0, 0)
