"""A network tried on a few images before anything is run: one line where it does not fit."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bnbench.config import ModelSettings
from bnbench.errors import BnbenchError
from bnbench.models import Network, build_model

TRIED = 3  # images


def try_model(settings: ModelSettings, num_classes: int = 10) -> Network:
    """Build a network and let a few images pass, on the CPU; the random streams are left alone.

    Parameters
    ----------
    settings : ModelSettings
        As `bnbench.models.resolve_model` returns them.
    """
    with torch.random.fork_rng(devices=[]):
        network = _built(settings, num_classes).eval()
        size = network.image_size
        logits = _passed(network, torch.zeros(TRIED, settings.in_channels, size, size))
    if tuple(logits.shape) != (TRIED, num_classes):
        raise BnbenchError(
            f"{settings.name} gives {tuple(logits.shape)} for {TRIED} images and {num_classes}"
            " classes; it must give a row of logits an image: x.flatten(1) keeps them apart"
        )
    return network


def _built(settings: ModelSettings, num_classes: int) -> Network:
    try:
        return build_model(settings, num_classes)
    except BnbenchError:
        raise
    except Exception as error:  # noqa: BLE001 - an architecture of one's own raises what it likes
        raise BnbenchError(f"{settings.name} cannot be built: {_line(error)}") from None


@torch.inference_mode()
def _passed(network: Network, images: Tensor) -> Tensor:
    """Compute the logits; an error names the layer that was at work."""
    entered: list[str] = []
    for path, module in network.named_modules():
        if path:
            module.register_forward_pre_hook(lambda *_, path=path: entered.append(path))
    try:
        logits: Tensor = network(images)
    except Exception as error:  # noqa: BLE001 - as above
        where = "before its first layer"
        if entered:
            where = f"in or after {entered[-1]}, {_short(network.get_submodule(entered[-1]))}"
        name = type(network).__name__
        raise BnbenchError(f"{name} fails {where}: {_line(error)}") from None
    return logits


def _short(module: nn.Module) -> str:
    return str(module).partition("\n")[0].removesuffix("(")


def _line(error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return first if isinstance(error, RuntimeError) else f"{type(error).__name__}: {first}"
