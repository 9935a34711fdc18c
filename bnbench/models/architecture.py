"""The registry of architectures: a name in a config, and the module that it builds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from torch import Tensor, nn

from bnbench.config import BatchNormSettings, Experiment, ModelSettings
from bnbench.errors import BnbenchError
from bnbench.models.layers import HiddenLayer
from bnbench.registry import unknown


class Network(nn.Module):
    """What an architecture states about itself.

    An architecture is a subclass in a file of its own in ``bnbench/models/``, with a
    `register` line for each of its names, and the constructor
    ``(settings: ModelSettings, num_classes: int)``.
    """

    image_size: ClassVar[int]
    """Height and width of its input, pixels."""
    hidden_layers: ClassVar[tuple[str, ...]]
    """Names of the layers that can be normalized: attributes that are `HiddenLayer`."""
    activation: ClassVar[str]
    """The activation where the config names none."""

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:  # noqa: ARG002
        super().__init__()
        self._activation = settings.activation or self.activation
        self._batch_norm = settings.batch_norm
        self._dropout = settings.dropout

    def hidden(self, name: str, affine: nn.Conv2d | nn.Linear) -> HiddenLayer:
        """Build the hidden layer `name` around `affine`, normalized if the settings say so."""
        batch_norm = self._batch_norm
        if batch_norm is not None and name not in (batch_norm.layers or ()):
            batch_norm = None
        return HiddenLayer(affine, self._activation, batch_norm, self._dropout)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W), float32, to logits (N, K)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Architecture:
    """A registered name, its class, and the layers it normalizes by default."""

    name: str
    network: type[Network]
    normalized_layers: tuple[str, ...]


ARCHITECTURES: dict[str, Architecture] = {}

NetworkClass = TypeVar("NetworkClass", bound=type[Network])


def register(
    name: str, normalized_layers: tuple[str, ...] = ()
) -> Callable[[NetworkClass], NetworkClass]:
    """Enter a `Network` under `name`; with `normalized_layers`, as its batch-normalized form."""

    def enter(network: NetworkClass) -> NetworkClass:
        if name in ARCHITECTURES:
            raise ValueError(f"architecture {name!r} is registered twice")
        ARCHITECTURES[name] = Architecture(name, network, normalized_layers)
        return network

    return enter


def find_architecture(name: str, place: str = "") -> Architecture:
    """Look an architecture up by its registered name.

    Raises
    ------
    BnbenchError
        If there is none, with the nearest name.
    """
    if name not in ARCHITECTURES:
        raise unknown("architecture", name, ARCHITECTURES, place)
    return ARCHITECTURES[name]


def resolve_model(experiment: Experiment) -> ModelSettings:
    """Fill in what an architecture leaves open: the activation and the normalized layers.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    ModelSettings
        With `activation` set, and `batch_norm` set where the architecture has it.

    Raises
    ------
    BnbenchError
        If the architecture, or a layer to normalize, does not exist, or if batch norm is
        configured for an architecture without it.
    """
    settings = experiment.model
    architecture = find_architecture(settings.name, experiment.place("model.name"))
    batch_norm = _resolve_batch_norm(experiment, architecture)
    activation = settings.activation or architecture.network.activation
    return settings.model_copy(update={"activation": activation, "batch_norm": batch_norm})


def _resolve_batch_norm(
    experiment: Experiment, architecture: Architecture
) -> BatchNormSettings | None:
    batch_norm = experiment.model.batch_norm
    if not architecture.normalized_layers:
        if batch_norm is None:
            return None
        raise BnbenchError(
            f"{experiment.place('model.batch_norm')}: {architecture.name} has no batch norm;"
            f" set model.name to {architecture.name}_BatchNorm, or remove this section"
        )
    batch_norm = batch_norm or BatchNormSettings()
    for layer in batch_norm.layers or ():
        if layer not in architecture.network.hidden_layers:
            place = experiment.place("model.batch_norm.layers")
            raise unknown("hidden layer", layer, architecture.network.hidden_layers, place)
    layers = batch_norm.layers or architecture.normalized_layers
    return batch_norm.model_copy(update={"layers": layers})


def build_model(settings: ModelSettings, num_classes: int = 10) -> Network:
    """Build an architecture from resolved settings; draws from PyTorch's global stream.

    Parameters
    ----------
    settings : ModelSettings
        As `resolve_model` returns them.
    num_classes : int, default 10
        Width K of the output layer.
    """
    return find_architecture(settings.name).network(settings, num_classes)
