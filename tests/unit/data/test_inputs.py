"""Pixels against torchvision and NumPy."""

from typing import get_args

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import Compose, Normalize, Pad, Resize, ToTensor

from bnbench.data.inputs import (
    Geometry,
    PixelStatistics,
    Scaling,
    resize,
    standardize,
    standardize_each,
    to_inputs,
    to_unit,
)

MNIST = PixelStatistics(mean=0.1307, std=0.3081, low=0.0, high=1.0)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """More than two chunks, every byte among them."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (1203, 28, 28), dtype=torch.uint8, generator=random)
    images[0].view(-1)[:256] = torch.arange(256, dtype=torch.uint8)
    return images


def torchvisions(images: Tensor, *steps: object) -> Tensor:
    """Image by image, as a data loader's worker would."""
    transform = Compose([ToTensor(), *steps])
    return torch.stack([transform(image.numpy()) for image in images])


@pytest.mark.parametrize(
    ("geometry", "scaling", "steps"),
    [
        ("none", "unit", []),
        ("none", "z_score", [Normalize(0.1307, 0.3081)]),
        ("bilinear", "unit", [Resize((32, 32))]),
        ("bilinear", "z_score", [Resize((32, 32)), Normalize(0.1307, 0.3081)]),
        ("pad", "unit", [Pad(2)]),
        ("pad", "z_score", [Pad(2), Normalize(0.1307, 0.3081)]),
    ],
)
def test_inputs_are_torchvisions_bit_for_bit(
    images: Tensor, geometry: Geometry, scaling: Scaling, steps: list[object]
) -> None:
    inputs = to_inputs(images, geometry, scaling, MNIST)
    assert inputs.dtype == torch.float32
    assert torch.equal(inputs, torchvisions(images, *steps))


@pytest.mark.parametrize("geometry", ["none", "bilinear", "pad"])
@pytest.mark.parametrize("scaling", get_args(Scaling))
def test_an_image_does_not_depend_on_the_others(
    images: Tensor, geometry: Geometry, scaling: Scaling
) -> None:
    together = to_inputs(images, geometry, scaling, MNIST)
    for index in (0, 499, 500, 1202):
        alone = to_inputs(images[index : index + 1], geometry, scaling, MNIST)
        assert torch.equal(alone[0], together[index])


def test_raw_is_the_bytes_themselves(images: Tensor) -> None:
    inputs = to_inputs(images, "none", "raw", MNIST)
    np.testing.assert_array_equal(inputs.squeeze(1).numpy(), images.numpy().astype(np.float32))


def test_unequal_and_binary_are_their_formulas_in_numpy(images: Tensor) -> None:
    pixels = images.numpy().astype(np.float64) / 255
    sizes = 255 ** (np.arange(28) / 27)
    unequal = to_inputs(images, "none", "unequal", MNIST).squeeze(1).numpy()
    np.testing.assert_allclose(unequal, (pixels - 0.1307) / 0.3081 * sizes, rtol=1e-5, atol=1e-5)
    binary = to_inputs(images, "none", "binary", MNIST).squeeze(1).numpy()
    np.testing.assert_array_equal(binary, np.where(images.numpy() >= 128, 1.0, 0.0))


def test_min_max_is_unit_where_the_pixels_span_all_bytes(images: Tensor) -> None:
    unit = to_unit(images)
    assert torch.equal(standardize(unit, "min_max", MNIST), unit)


def test_min_max_stretches_to_0_and_1() -> None:
    images = torch.tensor([[[[0.2, 0.4], [0.6, 0.7]]]])
    statistics = PixelStatistics(mean=0.0, std=1.0, low=0.2, high=0.6)
    stretched = standardize(images, "min_max", statistics)
    np.testing.assert_allclose(stretched.ravel().numpy(), [0, 0.5, 1, 1.25], atol=1e-6)


@pytest.mark.parametrize("geometry", ["none", "bilinear", "pad"])
def test_per_image_z_score(images: Tensor, geometry: Geometry) -> None:
    inputs = to_inputs(images[:50], geometry, "per_image_z_score", MNIST).double().numpy()
    resized = resize(to_unit(images[:50]), geometry).double().numpy()
    for standardized, image in zip(inputs, resized, strict=True):
        expected = (image - image.mean()) / image.std()  # NumPy's std is the biased one
        np.testing.assert_allclose(standardized, expected, atol=1e-5)


def test_a_blank_image_becomes_zeros() -> None:
    for value in (0.0, 0.5, 1.0):
        assert not standardize_each(torch.full((1, 1, 28, 28), value)).any()


def test_a_faint_image_is_divided_by_the_floor() -> None:
    image = torch.zeros(1, 1, 28, 28)
    image[0, 0, 3, 4] = 0.1  # deviation 0.1 * sqrt(783) / 784 = 0.0036, below 1 / 28
    pixels = image.double().numpy()
    expected = (pixels - pixels.mean()) * 28
    np.testing.assert_allclose(standardize_each(image).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("scaling", ["raw", "unit", "z_score", "min_max"])
def test_padding_is_black_whatever_the_scaling(scaling: Scaling) -> None:
    statistics = PixelStatistics(mean=0.3, std=0.2, low=0.1, high=0.9)
    inputs = to_inputs(torch.zeros(1, 28, 28, dtype=torch.uint8), "pad", scaling, statistics)
    assert inputs.shape == (1, 1, 32, 32)
    assert inputs.min() == inputs.max()


def test_no_image_at_all() -> None:
    empty = torch.zeros(0, 28, 28, dtype=torch.uint8)
    assert to_inputs(empty, "pad", "unit", MNIST).shape == (0, 1, 32, 32)
