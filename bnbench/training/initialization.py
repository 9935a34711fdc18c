"""Initial weights: a function of the seed and of the order in which the modules are built."""

from __future__ import annotations

import torch
from torch import nn

from bnbench.config import InitializationSettings, ModelSettings
from bnbench.models import Network, build_model


def initial_model(
    model: ModelSettings, settings: InitializationSettings, seed: int, num_classes: int = 10
) -> Network:
    """Seed PyTorch, build the architecture, and initialize it layer by layer, on the CPU.

    A normalized layer draws the same random numbers as a plain one, so both arms of a seed
    start from the same weights.

    Parameters
    ----------
    model : ModelSettings
        As `bnbench.models.resolve_model` returns them.
    """
    torch.manual_seed(seed)
    network = build_model(model, num_classes)

    @torch.no_grad()
    def initialize(module: nn.Module) -> None:
        if not isinstance(module, nn.Conv2d | nn.Linear):
            return
        if settings.weights == "xavier_uniform":
            nn.init.xavier_uniform_(module.weight)
        elif settings.weights == "normal":
            nn.init.normal_(module.weight, std=0.01)
        module.weight.mul_(settings.scale)
        if settings.bias is not None and module.bias is not None:
            module.bias.fill_(settings.bias)

    network.apply(initialize)
    return network
