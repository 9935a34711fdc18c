"""The registry of architectures: a name in a config, and the module that it builds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from torch import Tensor, nn

from bnbench.config import BatchNormSettings, Experiment, ModelSettings, checked_section
from bnbench.errors import BnbenchError
from bnbench.models.layers import HiddenLayer, find_activation
from bnbench.models.normalizations import Normalization, find_normalization
from bnbench.registry import Registry, subclass_of, unknown


class Network(nn.Module):
    """What an architecture states about itself.

    An architecture is a subclass in a file of its own in ``bnbench/models/``, with a
    `register` line for each of its names, and the constructor
    ``(settings: ModelSettings, num_classes: int)``.
    """

    image_size: ClassVar[int]
    """Height and width of its input, pixels."""
    hidden_layers: tuple[str, ...]
    """Names of the layers that can be normalized: attributes that are `HiddenLayer`. A network has
    those of its settings, its class those of the defaults."""
    activation: ClassVar[str]
    """The activation where the config names none."""
    has_widths: ClassVar[bool] = False
    """Whether ``model.widths`` may set how many hidden layers there are, and how wide."""

    @classmethod
    def layers(cls, settings: ModelSettings) -> tuple[str, ...]:  # noqa: ARG003
        """Name the hidden layers that a network of these settings has."""
        return cls.hidden_layers

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:  # noqa: ARG002
        super().__init__()
        self.hidden_layers = self.layers(settings)
        self._activation = settings.activation or self.activation
        self._normalization = _normalization_of(settings)
        self._dropout = settings.dropout

    def hidden(
        self, name: str, affine: nn.Conv2d | nn.Linear, pool: nn.Module | None = None
    ) -> HiddenLayer:
        """Build the hidden layer `name` around `affine`, normalized if the settings say so."""
        normalization = self._normalization
        if normalization is not None and name not in (normalization.layers or ()):
            normalization = None
        try:
            return HiddenLayer(affine, self._activation, normalization, self._dropout, pool)
        except ValueError as error:
            raise BnbenchError(f"{name}: {error}") from None

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W), float32, to logits (N, K)."""
        raise NotImplementedError


Forward = TypeVar("Forward", bound=Callable[..., Tensor])


def in_order(forward: Forward) -> Forward:
    """Mark a forward pass that is the hidden layers in their order, and then `output`, linear.

    Its training may then do without PyTorch's autograd; see `bnbench.direct`.
    """
    forward.is_in_order = True  # type: ignore[attr-defined]
    return forward


@dataclass(frozen=True)
class Architecture:
    """A registered name, its class, and the layers it normalizes by default."""

    name: str
    network: type[Network]
    normalized_layers: tuple[str, ...]


def _of_path(path: str, network: type[Network]) -> Architecture:
    return Architecture(path, subclass_of(Network)(path, network), ())


ARCHITECTURES = Registry[Architecture]("architecture", _of_path)
find_architecture = ARCHITECTURES.find

NetworkClass = TypeVar("NetworkClass", bound=type[Network])


def register(
    name: str, normalized_layers: tuple[str, ...] = ()
) -> Callable[[NetworkClass], NetworkClass]:
    """Enter a `Network` under `name`; with `normalized_layers`, as its batch-normalized form."""

    def enter(network: NetworkClass) -> NetworkClass:
        ARCHITECTURES.add(name, Architecture(name, network, normalized_layers))
        return network

    return enter


def resolve_model(experiment: Experiment) -> ModelSettings:
    """Fill in what an architecture leaves open: the activation, and what is normalized.

    Returns
    -------
    ModelSettings
        With `activation` set, `batch_norm` set where the architecture has it, and
        `normalization`, where there is one, of its registered kind.
    """
    settings = experiment.model
    architecture = find_architecture(settings.name, experiment.place("model.name"))
    if settings.widths is not None and not architecture.network.has_widths:
        raise BnbenchError(
            f"{experiment.place('model.widths')}: {architecture.name} has layers of its own; remove"
            " this key, or set model.name to MLP"
        )
    if settings.activation is not None:
        find_activation(settings.activation, experiment.place("model.activation"))
    normalization = _resolve_normalization(experiment, architecture)
    batch_norm = _resolve_batch_norm(experiment, architecture)
    activation = settings.activation or architecture.network.activation
    return settings.model_copy(
        update={
            "activation": activation, "batch_norm": batch_norm, "normalization": normalization
        }
    )  # fmt: skip


def _resolve_batch_norm(
    experiment: Experiment, architecture: Architecture
) -> BatchNormSettings | None:
    batch_norm = experiment.model.batch_norm
    if not architecture.normalized_layers:
        if batch_norm is None:
            return None
        twin = f"{architecture.name}_BatchNorm"
        or_twin = f"set model.name to {twin}, or " if twin in ARCHITECTURES else ""
        raise BnbenchError(
            f"{experiment.place('model.batch_norm')}: {architecture.name} has no batch norm;"
            f" {or_twin}remove this section"
        )
    batch_norm = batch_norm or BatchNormSettings()
    layers = batch_norm.layers or _layers_of_article(architecture, experiment.model)
    _check_layers(experiment, architecture, "model.batch_norm", layers)
    return batch_norm.model_copy(update={"layers": layers})


def _resolve_normalization(
    experiment: Experiment, architecture: Architecture
) -> Normalization | None:
    given, section = experiment.model.normalization, "model.normalization"
    if given is None:
        return None
    if architecture.normalized_layers:
        raise BnbenchError(
            f"{experiment.place(section)}: {architecture.name} has batch norm in its name; set"
            " model.name to that of the network without it, or write model.batch_norm"
        )
    kind = find_normalization(given.kind, experiment.place(f"{section}.kind"))
    normalization = checked_section(experiment, section, kind)
    layers = normalization.layers or _layers_of_article(architecture, experiment.model)
    _check_layers(experiment, architecture, section, layers)
    return normalization.model_copy(update={"layers": layers})


def _layers_of_article(architecture: Architecture, settings: ModelSettings) -> tuple[str, ...]:
    """Name the layers that the network's batch-normalized form normalizes, else all hidden ones."""
    network = architecture.network
    if settings.widths is not None:
        return network.layers(settings)
    forms = [
        known.normalized_layers for known in ARCHITECTURES.values() if known.network is network
    ]
    return next(filter(None, [architecture.normalized_layers, *forms]), network.hidden_layers)


def _check_layers(
    experiment: Experiment, architecture: Architecture, section: str, layers: Iterable[str]
) -> None:
    known = architecture.network.layers(experiment.model)
    for layer in layers:
        if layer not in known:
            raise unknown("hidden layer", layer, known, experiment.place(f"{section}.layers"))


def _normalization_of(settings: ModelSettings) -> Normalization | None:
    """The resolved normalization, in whichever of the two ways it was written."""
    if settings.batch_norm is not None:
        return find_normalization("batch")(kind="batch", **dict(settings.batch_norm))
    assert settings.normalization is None or isinstance(settings.normalization, Normalization)
    return settings.normalization


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
