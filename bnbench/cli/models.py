"""``bnbench models``: the architectures, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.options import Json
from bnbench.cli.terminal import show, table

if TYPE_CHECKING:
    from torch import nn

    from bnbench.models import Network

COUNTS = ("parameters", "buffers")


def models(
    name: Annotated[
        str | None, typer.Argument(help="Show this architecture layer by layer.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the architectures with their parameters and buffers.

    Example: bnbench models LeNet5_BatchNorm
    """
    if name is None:
        headers = ("name", "input", "activation", "normalized", *COUNTS)
        laid_out = table(headers, _architectures(), right=COUNTS)
    else:
        laid_out = table(("layer", "module", *COUNTS), _layers(name), right=COUNTS)
    show(laid_out, as_json=as_json)


def _architectures() -> list[tuple[str, ...]]:
    """List every architecture with its parameters and buffers, with one input channel."""
    from bnbench.models import ARCHITECTURES
    from bnbench.registry import import_installed

    import_installed()
    return [
        (
            name,
            f"{architecture.network.image_size} x {architecture.network.image_size}",
            architecture.network.activation,
            ", ".join(architecture.normalized_layers) or "-",
            *_counted(_default(name)),
        )
        for name, architecture in sorted(ARCHITECTURES.items())
    ]


def _layers(name: str) -> list[tuple[str, ...]]:
    """List one architecture layer by layer, and its sums."""
    from bnbench.models import find_architecture

    find_architecture(name)
    model = _default(name)
    layers = [
        (layer, str(module), *_counted(module))
        for layer, module in model.named_modules()
        if layer and not list(module.children())
    ]
    return [*layers, ("all", name, *_counted(model))]


def _counted(module: nn.Module) -> tuple[str, str]:
    """Count trainable parameters, and running statistics: a mean and a variance a map."""
    parameters = sum(tensor.numel() for tensor in module.parameters() if tensor.requires_grad)
    buffers = sum(
        tensor.numel() for name, tensor in module.named_buffers() if "num_batches" not in name
    )
    return f"{parameters:,}", f"{buffers:,}"


def _default(name: str) -> Network:
    from bnbench.config import Experiment, ModelSettings
    from bnbench.models import build_model, resolve_model

    return build_model(resolve_model(Experiment(experiment="any", model=ModelSettings(name=name))))
