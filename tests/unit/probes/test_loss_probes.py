"""Probes of the loss on a linear network under a quadratic loss, whose Hessian NumPy knows.

L(w) = w'Hw / 2 with H = X'X / N for each output, so that the gradient is Hw.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnbench.errors import BnbenchError
from bnbench.probes import View
from bnbench.probes.landscape import RATES
from bnbench.probes.perturbation import DRAWS, NOISES
from tests.unit.probes.conftest import look

Array = NDArray[np.float64]
EXAMPLES, INPUTS, OUTPUTS = 30, 4, 2


def quadratic(outputs: Tensor, _: Tensor) -> Tensor:
    return outputs.square().sum(dim=1).mean() / 2


def show(model: Any, kept: dict[str, Tensor] | None = None) -> View:
    images = torch.randn(EXAMPLES, INPUTS, generator=torch.Generator().manual_seed(2))
    images = images * torch.tensor([3.0, 1.0, 1.0, 0.5])
    return View(model.train(), images, torch.zeros(EXAMPLES), quadratic, kept or {})


@pytest.fixture
def linear() -> View:
    model = nn.Linear(INPUTS, OUTPUTS, bias=False)
    with torch.no_grad():
        model.weight.copy_(torch.arange(8.0).view(2, 4) / 4 - 1)
    return show(model)


def hessian(view: View) -> Array:
    x = view.images.double().numpy()
    return np.kron(np.eye(OUTPUTS), x.T @ x / len(x))


def weights(view: View) -> Array:
    return np.concatenate([one.detach().numpy().ravel() for one in view.model.parameters()])


def numbers(view: View, kind: str, **keys: object) -> dict[str, Any]:
    return {name: np.asarray(one) for name, one in look(view, kind, **keys).numbers.items()}


def test_the_landscape_of_a_parabola(linear: View) -> None:
    h, w = hessian(linear), weights(linear)
    gradient, etas = h @ w, 0.01 * RATES
    found = numbers(linear, "landscape", rate=0.01)
    places = [w - eta * gradient for eta in etas]
    losses = [place @ h @ place / 2 for place in places]
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-4)
    changes = etas * np.linalg.norm(h @ gradient)
    np.testing.assert_allclose(found["changes"], changes, rtol=1e-3)
    beta = np.linalg.norm(h @ gradient) / np.linalg.norm(gradient)
    assert found["effective_beta"] == pytest.approx(beta, rel=1e-3)
    assert found["relative_beta"] == pytest.approx(beta * w @ w, rel=1e-3)
    assert found["loss_range"] == pytest.approx(max(losses) - min(losses), rel=1e-3)
    assert found["relative_loss"] == pytest.approx(max(losses) / (w @ gradient / 2), rel=1e-4)
    assert (RATES[0], RATES[-1], len(RATES)) == (0.5, 4, 8)


def test_the_sharpness_of_a_parabola(linear: View) -> None:
    h, w = hessian(linear), weights(linear)
    found = numbers(linear, "sharpness", iterations=60)
    assert found["hessian_largest"] == pytest.approx(np.linalg.eigvalsh(h)[-1], rel=1e-4)
    assert found["relative_sharpness"] == pytest.approx(np.linalg.eigvalsh(h)[-1] * w @ w, rel=1e-4)
    estimates = []
    for number in range(1, 5):
        generator = torch.Generator().manual_seed(number)
        v = 2 * torch.randint(2, (8,), generator=generator).double().numpy() - 1
        estimates.append(v @ h @ v)
    assert found["hessian_trace"] == pytest.approx(np.mean(estimates), rel=1e-4)
    assert found["hessian_trace"] == pytest.approx(np.trace(h), rel=0.3)


class TwoLayers(nn.Module):
    """y = W2 W1 x."""

    hidden_layers = ("first",)

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(INPUTS, 3, bias=False)
        self.output = nn.Linear(3, OUTPUTS, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.output(self.first(x))
        return y


def test_the_gradient_shift_of_two_linear_layers() -> None:
    """G2 = W2 W1 C W1', with C = X'X / N, before and after the first layer's step."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        view = show(TwoLayers())
    x = view.images.double().numpy()
    c = x.T @ x / len(x)
    first, last = (one.detach().double().numpy() for one in view.model.parameters())
    before = last @ first @ c @ first.T
    stepped = first - 0.05 * last.T @ last @ first @ c
    after = last @ stepped @ c @ stepped.T
    found = numbers(view, "gradient_shift", rate=0.05)
    shift = np.linalg.norm(after - before)
    assert found["output.gradient_shift"] == pytest.approx(shift, rel=1e-3)
    relative = shift / np.linalg.norm(before)
    assert found["output.relative_gradient_shift"] == pytest.approx(relative, rel=1e-3)
    cosine = (after * before).sum() / np.linalg.norm(after) / np.linalg.norm(before)
    assert found["output.gradient_shift_cosine"] == pytest.approx(cosine, rel=1e-4)
    assert found.keys() == {f"output.{name}" for name in (
        "gradient_shift", "relative_gradient_shift", "gradient_shift_cosine",
    )}  # fmt: skip


def test_the_way_of_three_moves(linear: View) -> None:
    """To the right, up, and to the right again: length 3, distance the square root of 5."""
    h, start = hessian(linear), weights(linear)
    places = [start + np.eye(8)[0] * right + np.eye(8)[1] * up
              for right, up in ((0, 0), (1, 0), (1, 1), (2, 1), (2, 2))]  # fmt: skip
    kept: dict[str, Tensor] = {}
    seen = []
    for place in places:
        with torch.no_grad():
            linear.model.get_parameter("weight").copy_(torch.tensor(place).view(2, 4))
        saw = look(show(linear.model, kept), "path", window=3)
        kept = saw.keep
        seen.append({name: float(np.asarray(one)) for name, one in saw.numbers.items()})
    assert np.isnan([*seen[0].values(), seen[1]["update_cosine"]]).all()
    assert [round(one["update_cosine"], 5) for one in seen[2:]] == [0, 0, 0]
    ratios = [one["path_ratio"] for one in seen[1:]]
    assert ratios == pytest.approx([1, 2 / 2**0.5, 3 / 5**0.5, 1], rel=1e-4)
    gradients = [h @ place for place in places]
    one, other = gradients[1:3]
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert seen[2]["gradient_cosine"] == pytest.approx(cosine, rel=1e-4)


def test_noise_on_a_linear_network(linear: View) -> None:
    h, w = hessian(linear), weights(linear)
    x = linear.images.double().numpy()
    of_loss, of_output = np.zeros((2, len(NOISES), DRAWS))
    for draw in range(DRAWS):
        noise = torch.randn(2, 4, generator=torch.Generator().manual_seed(draw)).numpy()
        delta = noise * np.linalg.norm(w) / np.linalg.norm(noise)
        for place, size in enumerate(NOISES):
            moved = w + size * delta.ravel()
            of_loss[place, draw] = abs(moved @ h @ moved - w @ h @ w) / 2
            change = np.linalg.norm(size * x @ delta.T)
            of_output[place, draw] = change / np.linalg.norm(x @ w.reshape(2, 4).T)
    found = numbers(linear, "perturbation")
    np.testing.assert_allclose(found["loss_changes"], of_loss.mean(axis=1), rtol=1e-2)
    np.testing.assert_allclose(found["output_changes"], of_output.mean(axis=1), rtol=1e-3)
    assert found["output_sensitivity"] == pytest.approx(of_output.mean(axis=1)[4], rel=1e-3)


def test_the_surface_over_two_named_parameters(linear: View) -> None:
    h, w = hessian(linear), weights(linear)
    names = ("weight[0,1]", "weight[1,2]")
    found = numbers(linear, "surface", points=5, radius=2, parameters=names)
    one, other = np.eye(8)[1], np.eye(8)[6]
    assert found["axis"].tolist() == [-2, -1, 0, 1, 2]
    for row, along in enumerate(found["axis"]):
        for column, across in enumerate(found["axis"]):
            place = w + along * one + across * other
            assert found["losses"][row, column] == pytest.approx(place @ h @ place / 2, rel=1e-4)
    assert found["surface_bend"] == pytest.approx((h[1, 1] + h[6, 6]) / 2, rel=1e-3)
    ring = [(a, b) for a in range(-2, 3) for b in range(-2, 3) if 1 <= np.hypot(a, b) <= 2]
    rise = np.mean([found["losses"][a + 2, b + 2] for a, b in ring]) - found["losses"][2, 2]
    assert found["surface_rise"] == pytest.approx(rise, rel=1e-3)


def test_a_filter_normalized_direction_is_as_long_as_each_filter(linear: View) -> None:
    """At the middle of an edge the weights have moved by one direction, row by row."""
    found = numbers(linear, "surface", points=5, radius=1)
    w = weights(linear).reshape(2, 4)
    place = w.copy()
    noise = torch.randn(2, 4, generator=torch.Generator().manual_seed(0)).numpy()
    for row in range(2):
        place[row] += noise[row] * np.linalg.norm(w[row]) / np.linalg.norm(noise[row])
    expected = place.ravel() @ hessian(linear) @ place.ravel() / 2
    assert found["losses"][4, 2] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("weight[0,9]", r"there is no weight\[0,9\]; write one number of one of weight \[2, 4\]"),
        ("wight[0,0]", r"there is no wight\[0,0\]"),
        ("weight[0]", r"weight\[0\] is more than one number"),
        ("weight", "there is no weight"),
    ],
)
def test_a_parameter_that_does_not_exist(linear: View, name: str, problem: str) -> None:
    with pytest.raises(BnbenchError, match=problem):
        look(linear, "surface", parameters=(name, "weight[0,0]"))


def test_a_network_that_is_too_large(monkeypatch: pytest.MonkeyPatch, linear: View) -> None:
    monkeypatch.setattr("bnbench.probes.surface.MOST_PARAMETERS", 7)
    with pytest.raises(BnbenchError, match="has 8 parameters, and a surface takes 7 at most"):
        look(linear, "surface")
