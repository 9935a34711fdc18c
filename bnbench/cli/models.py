"""``bnbench models``: the architectures, counted."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from torch import nn

from bnbench.config import Experiment, ModelSettings
from bnbench.models import ARCHITECTURES, Network, build_model, find_architecture, resolve_model


def print_architectures() -> None:
    """Print every architecture with its parameters and buffers, with one input channel."""
    table = Table("name", "input", "activation", "normalized", box=None, pad_edge=False)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("buffers", justify="right", no_wrap=True)
    for name in sorted(ARCHITECTURES):
        architecture = ARCHITECTURES[name]
        network = architecture.network
        model = _default(name)
        table.add_row(
            name,
            f"{network.image_size} x {network.image_size}",
            network.activation,
            ", ".join(architecture.normalized_layers) or "-",
            f"{parameters(model):,}",
            f"{buffers(model):,}",
        )
    Console().print(table)


def print_architecture(name: str) -> None:
    """Print one architecture layer by layer."""
    find_architecture(name)
    table = Table("layer", "module", box=None, pad_edge=False)
    table.add_column("parameters", justify="right", no_wrap=True)
    table.add_column("buffers", justify="right", no_wrap=True)
    model = _default(name)
    for layer, module in model.named_modules():
        if layer and not list(module.children()):
            counts = (f"{parameters(module):,}", f"{buffers(module):,}")
            table.add_row(layer, str(module), *counts)
    table.add_section()
    table.add_row("all", name, f"{parameters(model):,}", f"{buffers(model):,}")
    Console().print(table)


def parameters(module: nn.Module) -> int:
    """Count trainable parameters."""
    return sum(tensor.numel() for tensor in module.parameters() if tensor.requires_grad)


def buffers(module: nn.Module) -> int:
    """Count running statistics: a mean and a variance a map (not the counter of batches)."""
    return sum(
        tensor.numel() for name, tensor in module.named_buffers() if "num_batches" not in name
    )


def _default(name: str) -> Network:
    return build_model(resolve_model(Experiment(experiment=name, model=ModelSettings(name=name))))
