"""The layer of maps against PyTorch's own functions: values, gradients, and what is no number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from bnbench.kernels import loops
from bnbench.kernels.functions import MapsLayer
from bnbench.kernels.recipe import ACTIVATIONS, NORMALIZES, POOLS, Recipe

ACTIVATE: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x, "tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid,
}  # fmt: skip
POOL: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "average": lambda x: functional.avg_pool2d(x, 2),
    "maximum": lambda x: functional.max_pool2d(x, 2),
}
Tensors = Sequence[Tensor | None]


def by_pytorch(tensors: Tensors, recipe: Recipe) -> Tensor:
    x, weight, bias, gamma, beta, mean, variance = tensors
    assert x is not None
    assert weight is not None
    y = functional.conv2d(x, weight, bias, padding=recipe.padding)

    def normalize(y: Tensor) -> Tensor:
        training = mean is None
        return functional.batch_norm(
            y, mean, variance, gamma, beta, training, eps=recipe.epsilon
        )  # fmt: skip

    if recipe.normalizes == "first":
        y = normalize(y)
    y = ACTIVATE[recipe.activation](y)
    if recipe.normalizes == "last":
        y = normalize(y)
    return POOL[recipe.pool](y)


def by_kernels(tensors: Tensors, recipe: Recipe) -> Tensor:
    y, _, _ = MapsLayer.apply(*tensors, recipe)
    return y  # type: ignore[no-any-return]


def tensors_of(
    recipe: Recipe, examples: int, channels: int, maps: int, side: int, size: tuple[int, int],
    *, bias: bool = True, frozen: bool = False, dtype: torch.dtype = torch.float64,
) -> list[Tensor | None]:  # fmt: skip
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    norm = recipe.normalizes != "never"
    return [
        draw(examples, channels, *size),
        draw(maps, channels, side, side),
        draw(maps) if bias else None,
        draw(maps).abs() + 0.5 if norm else None,
        draw(maps) if norm else None,
        draw(maps) if norm and frozen else None,
        draw(maps).abs() + 0.5 if norm and frozen else None,
    ]


def results(
    compute: Callable[[Tensors, Recipe], Tensor], tensors: Tensors, recipe: Recipe
) -> list[Tensor]:
    """Give the values, and the gradients of a sum of theirs."""
    leaves = [one if one is None else one.clone().requires_grad_() for one in tensors[:5]]
    y = compute([*leaves, *tensors[5:]], recipe)
    weights = torch.linspace(-1, 2, y.numel(), dtype=y.dtype).view(y.shape)
    (y * weights).sum().backward()  # type: ignore[no-untyped-call]
    return [y, *(one.grad for one in leaves if one is not None and one.grad is not None)]


RECIPES = st.builds(
    Recipe,
    padding=st.just(0),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    pool=st.sampled_from(sorted(POOLS)),
    normalizes=st.sampled_from(sorted(NORMALIZES)),
    epsilon=st.sampled_from([1e-5, 0.1]),
)


@settings(max_examples=60)
@given(recipe=RECIPES, data=st.data())
def test_any_shape_is_as_by_pytorch(recipe: Recipe, data: st.DataObject) -> None:
    def draw(least: int, most: int) -> int:
        return data.draw(st.integers(least, most))

    side = data.draw(st.sampled_from([1, 3, 5, 7]))
    padding = draw(0, side - 1)
    recipe = Recipe(padding, recipe.activation, recipe.pool, recipe.normalizes, recipe.epsilon)
    grown = 2 * padding - side + 1
    least = max(1, (grown + 2) // 2)  # so that something comes in
    height, width = (2 * draw(least, least + 2) - grown for _ in range(2))
    examples = data.draw(st.sampled_from([1, 2, 5, 16, 31]))
    tensors = tensors_of(
        recipe, examples, draw(1, 4), draw(1, 9), side, (height, width),
        bias=data.draw(st.booleans()), frozen=data.draw(st.booleans()),
    )  # fmt: skip
    ours, theirs = (results(one, tensors, recipe) for one in (by_kernels, by_pytorch))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("examples", [1, 32, 64, 512])
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(0, "tanh", "average", "never"),
        Recipe(0, "tanh", "average", "last", 1e-5),
        Recipe(2, "relu", "maximum", "first", 1e-5),
        Recipe(1, "sigmoid", "none", "never"),
    ],
)
def test_float32_is_as_by_pytorch_in_float64(examples: int, recipe: Recipe) -> None:
    tensors = tensors_of(recipe, examples, 3, 7, 5, (12, 14))
    single = [one if one is None else one.float() for one in tensors]
    exact = results(by_pytorch, [one if one is None else one.double() for one in single], recipe)
    for place, (one, other) in enumerate(
        zip(results(by_kernels, single, recipe), exact, strict=True)
    ):
        size = float(other.detach().abs().max())
        if recipe.normalizes == "first" and place == 3:
            size = examples * 100.0  # the bias before batch norm: the exact gradient is 0
        torch.testing.assert_close(one.double(), other, rtol=0, atol=2e-5 * max(size, 1e-3))


def test_gradients_by_finite_differences() -> None:
    recipe = Recipe(1, "tanh", "maximum", "first", 1e-2)
    tensors = tensors_of(recipe, 3, 2, 2, 3, (4, 4))[:5]
    for one in tensors:
        assert one is not None
        one.requires_grad_()

    def layer(*tensors: Tensor) -> Tensor:
        return by_kernels([*tensors, None, None], recipe)

    assert torch.autograd.gradcheck(layer, [one for one in tensors if one is not None], atol=1e-6)


@pytest.mark.parametrize("activation", ["none", "tanh", "relu", "sigmoid"])
@pytest.mark.parametrize("pool", ["none", "average", "maximum"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e-42])
def test_what_is_no_number_stays_none(activation: str, pool: str, value: float) -> None:
    recipe = Recipe(0, activation, pool, "never")
    tensors = tensors_of(recipe, 37, 1, 2, 3, (6, 6), dtype=torch.float32)
    assert tensors[0] is not None
    tensors[0][5, 0, 2, 3] = value
    ours, theirs = (results(one, tensors, recipe) for one in (by_kernels, by_pytorch))
    assert torch.equal(ours[0].isnan(), theirs[0].isnan())
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.isfinite(), other.isfinite())
        finite = other.isfinite()
        torch.testing.assert_close(one[finite], other[finite], rtol=1e-4, atol=1e-4)


def test_a_nan_in_a_batch_ends_in_its_statistics() -> None:
    recipe = Recipe(0, "tanh", "average", "last", 1e-5)
    tensors = tensors_of(recipe, 8, 1, 2, 3, (6, 6), dtype=torch.float32)
    assert tensors[0] is not None
    tensors[0][3, 0, 0, 0] = float("nan")
    _, mean, variance = MapsLayer.apply(*tensors, recipe)
    assert mean.isnan().all()
    assert variance.isnan().all()


def unchanged(x: Tensor, activation: str, normalizes: str = "never") -> Any:
    """Convolve (N,) numbers with a kernel of one 1."""
    recipe = Recipe(0, activation, "none", normalizes, 1e-5)
    one, zero = torch.ones(1), torch.zeros(1)
    norm = (None, None) if normalizes == "never" else (one, zero)
    return MapsLayer.apply(
        x.view(1, 1, 1, -1), one.view(1, 1, 1, 1), None, *norm, None, None, recipe
    )


def test_a_large_mean_loses_no_digits() -> None:
    """Of 10,000 and a deviation of 1, squares in float32 would keep none."""
    x = torch.randn(10_000, generator=torch.Generator().manual_seed(1)) + 1e4
    _, mean, variance = unchanged(x, "none", "first")
    exact = x.double()
    torch.testing.assert_close(mean.double()[0], exact.mean(), rtol=1e-6, atol=0)
    torch.testing.assert_close(variance.double()[0], exact.var(correction=0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_activations_over_the_whole_range(activation: str) -> None:
    x = torch.linspace(-20, 20, 100_001)
    y, _, _ = unchanged(x, activation)
    exact = ACTIVATE[activation](x.double())
    error = (y.flatten().double() - exact).abs()
    assert float(error.max()) < 4e-7
    if activation == "tanh":  # near 0 it keeps its digits
        assert float((error / exact.abs().clamp_min(1e-6)).max()) < 1e-6


@settings(max_examples=30)
@given(
    sizes=st.tuples(st.sampled_from([1, 2, 7, 16, 64]), st.integers(1, 70), st.integers(1, 20)),
    normalizes=st.sampled_from(sorted(NORMALIZES)),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
)
def test_a_linear_layer(sizes: tuple[int, int, int], normalizes: str, activation: str) -> None:
    examples, features, units = sizes
    if examples == 1:  # of one value PyTorch takes no variance
        normalizes = "never"
    recipe = Recipe(0, activation, "none", normalizes, 1e-3)
    tensors = tensors_of(recipe, examples, features, units, 1, (1, 1))
    flat = [one if one is None else one.flatten(1) if one.dim() == 4 else one for one in tensors]

    def by_linear(tensors: Tensors, recipe: Recipe) -> Tensor:
        x, weight, *rest = tensors
        assert x is not None
        assert weight is not None
        return by_pytorch([x[..., None, None], weight[..., None, None], *rest], recipe).flatten(1)

    ours, theirs = results(by_kernels, flat, recipe), results(by_linear, flat, recipe)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-8)


def test_a_process_finds_every_loop_compiled() -> None:
    """Whatever the layer, each loop is of one type: that which `prepare` compiles."""
    for recipe in (Recipe(0, "tanh", "average", "never"), Recipe(1, "relu", "none", "last", 1e-5)):
        for bias in (True, False):
            tensors = tensors_of(recipe, 5, 1, 2, 3, (6, 6), bias=bias, dtype=torch.float32)
            results(by_kernels, tensors, recipe)
    single = [one for one in loops.layer.signatures if str(one[0]) == "float32"]
    assert len(single) == 1


def test_the_batch_stays_innermost() -> None:
    recipe = Recipe(0, "relu", "maximum", "never")
    y = by_kernels(tensors_of(recipe, 5, 1, 3, 3, (6, 6)), recipe)
    assert y.shape == (5, 3, 2, 2)
    assert y.stride() == (1, 20, 10, 5)
