"""Kendall's tau against SciPy and over all pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from bnbench.statistics import kendall_tau

INF, NAN = math.inf, math.nan


def tau_over_pairs(values: list[int]) -> float:
    """Return tau-b as a correlation of signs over all ordered pairs, Kendall's definition."""
    pairs = list(itertools.permutations(enumerate(values), 2))
    of_epochs = [np.sign(b[0] - a[0]) for a, b in pairs]
    of_values = [np.sign(b[1] - a[1]) for a, b in pairs]
    return float(
        np.dot(of_epochs, of_values) / (np.linalg.norm(of_epochs) * np.linalg.norm(of_values))
    )


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
def test_tau_agrees_with_scipy_and_with_all_pairs(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(10):
        values = (rng.integers(0, n, size=n) + np.arange(n) // 2).tolist()  # ties among them
        values[-1] = values[0] + 1  # not all equal
        tau = kendall_tau(values)
        assert tau == pytest.approx(scipy.stats.kendalltau(range(n), values).statistic, abs=1e-12)
        assert tau == pytest.approx(tau_over_pairs(values), abs=1e-12)


@pytest.mark.parametrize(
    ("values", "tau"),
    [
        ([0.1, 0.2, 0.3], 1.0),
        ([0.3, 0.2, 0.1], -1.0),
        ([0.1, 0.3, 0.2], 1 / 3),
        ([0.1, 0.1, 0.2], 2 / math.sqrt(6)),
        ([0.2, 0.1, 0.2], 0.0),
        ([INF, INF, 1.0], -2 / math.sqrt(6)),  # losses
        ([0.5, 0.5], NAN),
        ([0.5], NAN),
        ([], NAN),
        ([0.3, NAN, 0.2, 0.1], NAN),
    ],
)
def test_by_hand(values: list[float], tau: float) -> None:
    assert kendall_tau(values) == pytest.approx(tau, abs=1e-15, nan_ok=True)


def test_a_curve_is_one_row() -> None:
    with pytest.raises(ValueError, match="row"):
        kendall_tau([[0.1, 0.2]])
