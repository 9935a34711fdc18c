"""The fast operators against PyTorch's own, forward, backward and in their statistics."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bnbench.models import operators
from bnbench.models.layers import BatchNormMaps


def gradient(function, x: Tensor, weights: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    x = x.detach().requires_grad_()
    (function(x) * weights).sum().backward()
    assert x.grad is not None
    return x.grad


@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0])
def test_tanh(spread: float) -> None:
    x = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * spread
    exact = torch.tanh(x.double())
    assert (operators.tanh(x) - exact).abs().max() < 3e-7
    weights = torch.rand_like(x)
    expected = gradient(torch.tanh, x.double(), weights.double())
    assert (gradient(operators.tanh, x, weights) - expected).abs().max() < 1e-6


def test_tanh_gradient_by_finite_differences() -> None:
    x = torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(operators.tanh, (x,))


def test_average_pool() -> None:
    x = torch.randn(3, 5, 10, 14, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(operators.average_pool_2x2(x), functional.avg_pool2d(x, 2))
    weights = torch.rand(3, 5, 5, 7)
    expected = gradient(lambda t: functional.avg_pool2d(t, 2), x, weights)
    torch.testing.assert_close(gradient(operators.average_pool_2x2, x, weights), expected)


def pair_of_norms(maps: int, momentum: float = 0.1) -> tuple[BatchNormMaps, nn.BatchNorm2d]:
    ours, theirs = BatchNormMaps(maps, momentum=momentum), nn.BatchNorm2d(maps, momentum=momentum)
    with torch.no_grad():
        for parameter in (*ours.parameters(), *theirs.parameters()):
            parameter.copy_(torch.linspace(0.5, 2, maps))
    return ours, theirs


@pytest.mark.parametrize(("offset", "spread"), [(0.0, 1.0), (5.0, 0.2), (-100.0, 1.0)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_is_pytorch_s(offset: float, spread: float, training: bool) -> None:
    ours, theirs = pair_of_norms(6)
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):  # so that running statistics take more than one step
        x = torch.randn(16, 6, 12, 12, generator=generator) * spread + offset
        weights = torch.rand(16, 6, 12, 12, generator=generator)
        ours.train(), theirs.train()
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-4)
        ours.train(training), theirs.train(training)
        torch.testing.assert_close(
            gradient(ours, x, weights), gradient(theirs, x, weights), rtol=1e-3, atol=1e-4
        )
    for name in ("weight", "bias"):
        torch.testing.assert_close(
            getattr(ours, name).grad, getattr(theirs, name).grad, rtol=1e-3, atol=2e-2
        )
    torch.testing.assert_close(dict(ours.named_buffers()), dict(theirs.named_buffers()))


def test_running_variance_has_its_closed_form() -> None:
    """After k equal batches: (1 - m)^k + (1 - (1 - m)^k) s^2, with the unbiased s^2."""
    norm, momentum, steps = BatchNormMaps(1, momentum=0.3), 0.3, 4
    x = torch.tensor([0.0, 2.0, 4.0, 10.0]).view(1, 1, 2, 2)
    for _ in range(steps):
        norm(x)
    kept = (1 - momentum) ** steps
    unbiased = ((0 - 4) ** 2 + (2 - 4) ** 2 + 0 + (10 - 4) ** 2) / 3
    assert norm.running_var is not None
    assert norm.running_mean is not None
    assert norm.running_var.item() == pytest.approx(kept + (1 - kept) * unbiased, rel=1e-6)
    assert norm.running_mean.item() == pytest.approx((1 - kept) * 4, rel=1e-6)


def test_evaluation_leaves_the_statistics_alone() -> None:
    norm = BatchNormMaps(2).eval()
    before = {name: value.clone() for name, value in norm.state_dict().items()}
    norm(torch.randn(4, 2, 3, 3))
    assert all(torch.equal(before[name], value) for name, value in norm.state_dict().items())


def test_batch_norm_gradient_by_finite_differences() -> None:
    x = torch.randn(3, 2, 2, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.tensor([0.7, 1.3], dtype=torch.float64, requires_grad=True)
    bias = torch.tensor([0.1, -0.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, w, b: operators.batch_norm_training(x, w, b, 1e-5)[0], (x, weight, bias)
    )


def test_tanh_trains_after_it_was_first_used_in_inference_mode() -> None:
    """A constant that is kept must not be one that autograd refuses."""
    operators._minus_one.cache_clear()
    x = torch.linspace(-1, 1, 5)
    with torch.inference_mode():
        operators.tanh(x)
    expected = 1 - torch.tanh(x) ** 2
    torch.testing.assert_close(gradient(operators.tanh, x, torch.ones(5)), expected)
