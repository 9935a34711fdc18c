"""What the articles' pieces of code give, where no training is needed to see it."""

from __future__ import annotations

import torch
from torch import Tensor

from bnbench.checks.registry import exact
from bnbench.claims import Check
from bnbench.config import BatchNormSettings, ModelSettings
from bnbench.models import build_model
from bnbench.models.cnn import CNN

FEATURES = 64 * 8 * 8
"""Of each image, as the third article's code hard-wires it, for 32 x 32 pixels."""

KERAS_FRAGMENT = ("Dense", "Dense", "Dense")
"""The layers that the last article's first fragment lists. It imports ``BatchNormalization`` and
never uses it, and its last bracket is not closed, so that Python refuses it. Mended, it is built in
Keras by ``benchmarks/keras_fragments.py``."""

SECOND_KERAS_FRAGMENT = ("Conv2D", "Conv2D", "Dense")
"""Those of its second one. It has no ``Flatten`` either, so that its dense layer acts on pixels."""


@exact
def rows_of_scores() -> Check:
    """Count the rows that the third article's network gives for its own batch of 16 images."""
    return Check("rows for 16 images", _article_scores(16, 32).shape[0], claimed=16)


@exact
def scores_of_a_row() -> Check:
    """Count the scores in a row of them."""
    return Check("scores in a row", _article_scores(16, 32).shape[1], claimed=10)


@exact
def batch_norm_layers_of_the_keras_fragment() -> Check:
    """Count the batch norm layers that the fragment lists."""
    why = "it imports the layer without using it, and a bracket is missing, so it does not run"
    layers = KERAS_FRAGMENT.count("BatchNormalization")
    return Check("batch norm layers in it", layers, claimed=1, why=why)


@exact
def batch_norm_layers_of_the_second_keras_fragment() -> Check:
    """Count the batch norm layers that the convolutional fragment lists."""
    why = "it imports the layer without using it, and a comma and a bracket are missing"
    layers = SECOND_KERAS_FRAGMENT.count("BatchNormalization")
    return Check("batch norm layers in it", layers, claimed=1, why=why)


def _article_scores(images: int, size: int) -> Tensor:
    """Score images as the article does: its network, reshaped to rows of a fixed length."""
    settings = ModelSettings(
        name="CNN_BatchNorm",
        in_channels=3,
        batch_norm=BatchNormSettings(layers=("conv1", "conv2")),
    )
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network = build_model(settings)
        assert isinstance(network, CNN)
        x = network.conv2(network.conv1(torch.zeros(images, 3, size, size)))
        scores: Tensor = network.output(x.reshape(-1, FEATURES))
    return scores
