"""Identities of the batch norm layer that the networks of this project are built with.

The layer's outputs are held against the formula, worked out in float64 by NumPy::

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

with the mean and the biased variance over examples, rows and columns of a map.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bnbench.checks.registry import exact
from bnbench.claims import Check
from bnbench.models.layers import BatchNormMaps, HiddenLayer
from bnbench.models.normalizations.batch import BatchNormalization

MAPS, EXAMPLES, SIZE = 6, 64, 28
SAME = 1e-4
"""Of float32 outputs whose size is about 1."""
AXES = (0, 2, 3)


@exact
def batch_norm_is_its_formula() -> Check:
    """Compare the layer with means and variances over all images and all pixels of a map."""
    layer, x, y = _trained_layer()
    gamma, beta = _column(layer.weight), _column(layer.bias)
    centred = x - x.mean(AXES, keepdims=True)
    expected = gamma * centred / np.sqrt(x.var(AXES, keepdims=True) + layer.eps) + beta
    return Check("largest difference from the formula", float(abs(y - expected).max()), 0.0, SAME)


@exact
def mean_of_the_output_is_beta() -> Check:
    """Measure how far the means of a layer's outputs are from its learned offsets."""
    layer, _, y = _trained_layer()
    apart = abs(y.mean(AXES, keepdims=True) - _column(layer.bias)).max()
    return Check("largest difference of mean and beta", float(apart), 0.0, SAME)


@exact
def deviation_of_the_output_is_gamma() -> Check:
    """Measure how far the deviations of a layer's outputs are from its learned scales."""
    layer, _, y = _trained_layer()
    apart = abs(y.std(AXES, keepdims=True) - abs(_column(layer.weight))).max()
    why = "of a negative gamma its size counts"
    return Check("largest difference of deviation and gamma", float(apart), 0.0, SAME, why)


@exact
def mean_once_normalized() -> Check:
    """Measure the mean of normalized maps, before scale and shift."""
    return Check(
        "mean that is farthest from 0", float(abs(_normalized().mean(AXES)).max()), 0.0, SAME
    )


@exact
def variance_once_normalized() -> Check:
    """Measure the variance of normalized maps, before scale and shift."""
    variances = _normalized().var(AXES)
    farthest = variances[abs(variances - 1).argmax()]
    return Check("variance that is farthest from 1", float(farthest), 1.0, SAME, "up to epsilon")


@exact
def kinds_of_parameters() -> Check:
    """Count the kinds of numbers that a layer keeps: one for each map, and no counter."""
    kept = [tensor for tensor in BatchNormMaps(MAPS).state_dict().values() if tensor.ndim]
    return Check("kinds of parameters", len(kept), claimed=4)


@exact
def kinds_of_trained_parameters() -> Check:
    """Count the kinds of numbers that an optimizer trains."""
    return Check("kinds of them", len(list(BatchNormMaps(MAPS).parameters())), claimed=2)


@exact
def numbers_of_a_layer() -> Check:
    """Count the numbers that a layer of LeNet-5's six first maps keeps."""
    kept = [tensor for tensor in BatchNormMaps(MAPS).state_dict().values() if tensor.ndim]
    numbers = sum(tensor.numel() for tensor in kept)
    return Check("numbers in a layer of 6 maps", numbers, claimed=4, why="four for each map")


@exact
def means_of_a_layer() -> Check:
    """Count the means that a layer keeps of 6 maps of 28 x 28 pixels: one a map, or one a pixel."""
    layer, _, _ = _trained_layer()
    assert layer.running_mean is not None
    return Check("means of 6 maps", layer.running_mean.numel(), claimed=MAPS)


@exact
def momentum_weighs_a_new_batch() -> Check:
    """Compare running means after one batch with the momentum times the batch's means, from 0."""
    x, momentum = _maps(), 0.3
    layer = BatchNormMaps(MAPS, momentum=momentum)
    layer(x)
    assert layer.running_mean is not None
    expected = momentum * x.double().numpy().mean(AXES)
    apart = abs(layer.running_mean.double().numpy() - expected) / abs(expected)
    return Check("largest difference, relative", float(apart.max()), 0.0, SAME)


@exact
def batch_norm_is_in_front_of_the_activation() -> Check:
    """Compare a hidden layer with the activation of batch norm of the weights' outputs."""
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        affine = nn.Linear(SIZE, MAPS, bias=False)
        affine.weight.copy_(torch.randn(MAPS, SIZE, generator=generator))
        hidden = HiddenLayer(affine, "relu", BatchNormalization(kind="batch"))
        x = torch.randn(EXAMPLES, SIZE, generator=generator)
        found = hidden(x).double().numpy()
    z = x.double().numpy() @ affine.weight.detach().double().numpy().T
    normalized = (z - z.mean(0)) / np.sqrt(z.var(0) + BatchNormalization(kind="batch").epsilon)
    apart = abs(found - np.maximum(normalized, 0)).max()
    return Check("largest difference from the formula", float(apart), 0.0, SAME)


@exact
def one_example_after_a_linear_layer() -> Check:
    """Count how many of one batch of one example the layer of a linear layer refuses."""
    refused = _refuses(nn.BatchNorm1d(MAPS), torch.ones(1, MAPS))
    return Check("batches refused", refused, claimed=1, why="its one value has no variance")


@exact
def one_example_after_a_convolution() -> Check:
    """Count how many of one batch of one image the layer of a convolution refuses."""
    refused = _refuses(BatchNormMaps(MAPS), _maps()[:1])
    why = "the pixels of one image have a variance: it is instance norm"
    return Check("batches refused", refused, claimed=1, why=why)


def _refuses(layer: nn.Module, batch: Tensor) -> int:
    try:
        layer(batch)
    except ValueError:
        return 1
    return 0


def _trained_layer() -> tuple[BatchNormMaps, NDArray[np.float64], NDArray[np.float64]]:
    """Build a layer with scales and offsets as training may leave them; give a batch's x and y."""
    layer, x = BatchNormMaps(MAPS), _maps()
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(-2, 3, MAPS))
        layer.bias.copy_(torch.linspace(-1, 4, MAPS))
        y = layer(x)
    return layer, x.double().numpy(), y.double().numpy()


def _normalized() -> NDArray[np.float64]:
    with torch.no_grad():
        y: Tensor = BatchNormMaps(MAPS)(_maps())
    return y.double().numpy()


def _maps() -> Tensor:
    """Draw maps (N, C, H, W) of unlike means and spreads, by a generator of their own."""
    shape, generator = (EXAMPLES, MAPS, SIZE, SIZE), torch.Generator().manual_seed(0)
    spread = torch.linspace(5, 30, MAPS)[:, None, None]
    return spread * (torch.rand(shape, generator=generator) + spread)


def _column(of_maps: Tensor) -> NDArray[np.float64]:
    return of_maps.detach().double().numpy()[:, None, None]
