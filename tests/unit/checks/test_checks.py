"""The checks of exact claims: each number by a second route."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import binom
from torch import nn

from bnbench.checks import CHECKS, run_checks
from bnbench.checks.batch_norm_layer import SAME, _maps
from bnbench.claims import Check, article_claims
from bnbench.claims.rules.exact import Exact
from bnbench.models.layers import BatchNormMaps


@pytest.fixture(scope="module")
def found() -> dict[str, Check]:
    return run_checks()


def test_the_claims_name_every_check_and_no_other() -> None:
    tests = [test for claim in article_claims() for test in claim.tests]
    named = {test.check for test in tests if isinstance(test, Exact)}
    assert named == CHECKS.keys()


def test_checks_leave_the_random_stream_alone() -> None:
    before = torch.get_rng_state()
    run_checks()
    assert torch.equal(torch.get_rng_state(), before)


def test_toy_samples_are_their_expectations(found: dict[str, Check]) -> None:
    """Of a uniform draw a quarter is from 5 to 10; z reaches sqrt(3) (n - 1) / (n + 1), about."""
    assert found["uniform_draws_from_5_to_10"].measured == pytest.approx(0.25, abs=0.002)
    assert found["uniform_draws_from_5_to_10"].why.endswith(f"{binom.sf(25, 50, 0.25):.2g}")
    extremes = math.sqrt(3) * (50 - 1) / (50 + 1)
    assert found["reach_of_z_scores"].measured == pytest.approx(extremes, abs=0.05)
    ends = [
        found[f"{end}_value_of_the_printed_formula"].measured for end in ("smallest", "largest")
    ]
    assert ends == [-0.5, 0.5]


def test_pytorchs_own_layer_passes_the_same_checks() -> None:
    """A second library's layer: the outputs that are checked are PyTorch's."""
    ours, torchs = BatchNormMaps(6), nn.BatchNorm2d(6)
    torch.testing.assert_close(ours(_maps()), torchs(_maps()), atol=SAME, rtol=0)


@pytest.mark.parametrize(
    "name", ["batch_norm_is_its_formula", "mean_of_the_output_is_beta", "mean_once_normalized"]
)
def test_a_wrong_layer_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = BatchNormMaps.forward
    monkeypatch.setattr(BatchNormMaps, "forward", lambda layer, x: right(layer, x) + 2 * SAME)
    assert CHECKS[name]().measured > SAME


def test_counts(found: dict[str, Check]) -> None:
    """PyTorch's layer keeps weight, bias and two running statistics a map, and one counter."""
    kept = nn.BatchNorm2d(6).state_dict()
    assert found["numbers_of_a_layer"].measured == sum(map(torch.numel, kept.values())) - 1
    assert found["kinds_of_parameters"].measured == len(kept) - 1
    assert found["kinds_of_trained_parameters"].measured == 2


def test_one_image_is_instance_norm() -> None:
    image = _maps()[:1]
    expected = nn.functional.instance_norm(image)
    torch.testing.assert_close(BatchNormMaps(6)(image), expected, atol=1e-5, rtol=0)


def test_every_number_is_finite(found: dict[str, Check]) -> None:
    assert np.isfinite([one.measured for one in found.values()]).all()
