"""Pairing: which seeds count, and differences without noise."""

from __future__ import annotations

import math

import pytest

from bnbench.errors import BnbenchError
from bnbench.statistics import pair_by_seed


def test_only_shared_seeds_are_paired() -> None:
    """A set of 3 and 8 is iterated as 8, 3: the order has to be made."""
    pairs = pair_by_seed({1: 0.3, 3: 0.0, 8: 0.1}, {8: 0.5, 3: 0.25, 2: 0.2, 9: 0.9})
    assert pairs.seeds == (3, 8)
    assert pairs.treatment.tolist() == [0.0, 0.1]
    assert pairs.baseline.tolist() == [0.25, 0.5]


def test_equal_differences_on_paper_are_equal() -> None:
    assert 0.9981 - 0.9941 != 0.9904 - 0.9864 != 0.1259 - 0.1219
    treatment, baseline = {0: 0.9981, 1: 0.9904, 2: 0.1259}, {0: 0.9941, 1: 0.9864, 2: 0.1219}
    pairs = pair_by_seed(treatment, baseline)
    assert pairs.differences.tolist() == [0.004, 0.004, 0.004]


@pytest.mark.parametrize("scale", [1e-200, 1e-6, 1.0, 1e5, 1e200])
def test_twelve_digits_are_kept_at_any_scale(scale: float) -> None:
    pairs = pair_by_seed({0: 0.987654321 * scale}, {0: 0.123456789 * scale})
    assert pairs.differences[0] == pytest.approx(0.864197532 * scale, rel=1e-11)


def test_zeros_have_no_scale_and_no_sign() -> None:
    pairs = pair_by_seed({0: 0.0}, {0: 0.0})
    assert math.copysign(1, pairs.differences[0]) == 1
    assert pairs.differences.tolist() == [0.0]


@pytest.mark.parametrize(
    ("treatment", "baseline", "named"),
    [
        ({0: 0.1, 1: 0.2}, {5: 0.3}, r"seeds 0, 1\) and baseline \(seeds 5\)"),
        ({}, {0: 0.3}, "no runs"),
        ({}, {}, "no runs"),
        (dict.fromkeys(range(20), 0.1), {30: 0.1}, "0, 1, 2, 3, 4, 5, 6, 7, …"),
    ],
)
def test_no_shared_seed_is_the_users_to_remedy(
    treatment: dict[int, float], baseline: dict[int, float], named: str
) -> None:
    with pytest.raises(BnbenchError, match=named):
        pair_by_seed(treatment, baseline)


def test_a_diverged_run_must_have_been_given_its_value() -> None:
    with pytest.raises(ValueError, match="finite"):
        pair_by_seed({0: math.nan}, {0: 0.1})
    with pytest.raises(ValueError, match="finite"):
        pair_by_seed({0: math.inf}, {0: 0.1})
    with pytest.raises(ValueError, match="finite"):
        pair_by_seed({0: math.nan}, {0: 0.1}, allow_infinite=True)
    assert pair_by_seed({0: math.inf}, {0: 0.1}, allow_infinite=True).treatment[0] == math.inf
