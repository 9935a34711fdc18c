"""Small networks with drawn weights, and noise to train them on."""

from __future__ import annotations

from typing import Any

import torch

from bnbench.config import Experiment, InitializationSettings, ModelSettings
from bnbench.data import Split, Splits
from bnbench.models import Network, resolve_model
from bnbench.training.initialization import initial_model


def new_network(name: str = "MLP_BatchNorm", seed: int = 0, **settings: Any) -> Network:
    experiment = Experiment(experiment="x", model=ModelSettings(name=name, **settings))
    return initial_model(resolve_model(experiment), InitializationSettings(), seed)


def noise(examples: int, seed: int = 0, size: int = 28) -> Split:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(examples, 1, size, size, generator=generator)
    return Split(images, torch.randint(0, 10, (examples,), generator=generator))


def noise_splits(examples: int = 200, size: int = 28) -> Splits:
    train, validation = noise(examples, 1, size), noise(70, 2, size)
    return Splits("noise", "", train, validation, None, False, num_classes=10)
