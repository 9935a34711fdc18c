"""Activations, held against NumPy's own forward pass and SciPy's distances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import stats

from bnbench.probes import View
from bnbench.probes.sample import sample
from tests.unit.probes.conftest import MakeView, look

CLOSE: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-6}
Array = NDArray[np.float64]


def plain(tensor: torch.Tensor) -> Array:
    return tensor.detach().double().numpy()


def by_numpy(view: View) -> dict[str, Array]:
    """Go through an MLP of ReLUs by hand: what the activations are given, (N, F)."""
    weights = {name: plain(one) for name, one in view.model.state_dict().items()}
    x = plain(view.images).reshape(len(view.images), -1)
    values = {}
    for name in ("fc1", "fc2"):
        values[f"{name}.pre"] = x @ weights[f"{name}.affine.weight"].T
        values[f"{name}.pre"] += weights[f"{name}.affine.bias"]
        values[f"{name}.next"] = x = np.maximum(values[f"{name}.pre"], 0)
    return values


def thinned(values: Array) -> Array:
    """Choose 16 evenly spaced units: (16, N)."""
    return values[:, [k * values.shape[1] // 16 for k in range(16)]].T


def test_moments_and_percentiles_are_numpys(make_view: MakeView) -> None:
    view = make_view()
    numbers: dict[str, Any] = dict(look(view, "activations").numbers)
    for place, values in by_numpy(view).items():
        units = thinned(values)
        np.testing.assert_allclose(numbers[f"{place}.mean"], units.mean(axis=1), **CLOSE)
        np.testing.assert_allclose(numbers[f"{place}.sd"], units.std(axis=1), **CLOSE)
        expected = np.percentile(units, [15, 50, 85], axis=1).T
        np.testing.assert_allclose(numbers[f"{place}.percentiles"], expected, **CLOSE)
    units = thinned(by_numpy(view)["fc1.pre"])
    assert numbers["fc1.activation_sd"] == pytest.approx(units.std(axis=1).mean(), rel=1e-4)
    assert numbers["fc1.activation_range"] == pytest.approx(abs(units).max(), rel=1e-4)
    kurtosis = stats.kurtosis(units, axis=1, fisher=False).mean()
    assert numbers["fc1.activation_kurtosis"] == pytest.approx(kurtosis, rel=1e-4)
    share = (by_numpy(view)["fc1.pre"] <= 0).mean()
    assert numbers["fc1.saturation"] == pytest.approx(share, abs=1e-4)


def test_drift_is_scipys_distance(make_view: MakeView) -> None:
    view = make_view()
    first = look(view, "activations")
    assert np.isnan(np.asarray(first.numbers["fc1.activation_drift"]))
    later = make_view(seed=5, kept=first.keep)
    numbers: dict[str, Any] = dict(look(later, "activations").numbers)
    for place, drift in (("pre", "activation_drift"), ("next", "input_drift")):
        then, now = (thinned(by_numpy(one)[f"fc2.{place}"]) for one in (view, later))
        moved = [stats.wasserstein_distance(a, b) for a, b in zip(then, now, strict=True)]
        np.testing.assert_allclose(numbers[f"fc2.{place}.moved"], moved, **CLOSE)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.array(moved) / then.std(axis=1)
        expected = relative[np.isfinite(relative)].mean()
        assert numbers[f"fc2.{drift}"] == pytest.approx(expected, rel=1e-4)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = abs(now.mean(axis=1) - then.mean(axis=1)) / then.std(axis=1)
    assert numbers["fc2.input_mean_change"] == pytest.approx(
        change[np.isfinite(change)].mean(), rel=1e-4
    )


def test_batch_norm_fixes_the_spread_of_a_pre_activation(make_view: MakeView) -> None:
    """Its mean is beta and its deviation abs(gamma), whatever the layer in front computes."""
    view = make_view("MLP_BatchNorm")
    with torch.no_grad():
        view.model.get_parameter("fc1.affine.weight").mul_(100)
        view.model.get_parameter("fc1.batch_norm.weight").fill_(-2)
        view.model.get_parameter("fc1.batch_norm.bias").fill_(3)
    numbers: dict[str, Any] = dict(look(view, "activations").numbers)
    np.testing.assert_allclose(numbers["fc1.pre.mean"], 3, atol=1e-4)
    np.testing.assert_allclose(numbers["fc1.pre.sd"], 2, atol=1e-4)


def test_a_map_is_looked_at_at_four_pixels() -> None:
    maps = torch.arange(2 * 3 * 9 * 6.0).view(2, 3, 9, 6)
    expected = maps[:, 1][:, [3, 6]][:, :, [2, 4]].flatten()
    assert torch.equal(sample(maps)[1].sort().values, expected.sort().values)
    assert sample(torch.zeros(5, 70)).shape == (16, 5)


@pytest.mark.parametrize(("activation", "bound"), [("tanh", 0.97), ("sigmoid", 0.985)])
def test_saturation(make_view: MakeView, activation: str, bound: float) -> None:
    view = make_view(activation=activation)
    with torch.no_grad():
        view.model.get_parameter("fc1.affine.weight").mul_(10)
    pre = by_numpy(view)["fc1.pre"]
    out = np.tanh(pre) if activation == "tanh" else 1 / (1 + np.exp(-pre))
    low = -bound if activation == "tanh" else 1 - bound
    share = ((out > bound) | (out < low)).mean()
    assert 0.1 < share < 0.9
    found = np.asarray(look(view, "activations").numbers["fc1.saturation"])
    assert found == pytest.approx(share, abs=1e-4)
