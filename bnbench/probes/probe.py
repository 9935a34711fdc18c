"""What a probe is, and the registry: a name in a config, its keys, and what it measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ConfigDict
from torch import Tensor, nn

from bnbench.config import Experiment, ProbeSettings, checked_section
from bnbench.errors import BnbenchError
from bnbench.models import Network, find_architecture
from bnbench.probes.inside import Passage
from bnbench.registry import Registry, subclass_of, unknown

OUTPUT = "output"
"""The last layer, which is no hidden one."""


@dataclass(frozen=True)
class View:
    """What a probe is shown: a copy of the network as it is after a step.

    Attributes
    ----------
    model : Network
        In training mode; the probe may do with it what it likes, nobody else sees it.
    images, labels : Tensor, shapes (N, C, H, W) and (N,)
        The first ones of the training split, the same at every look.
    loss : callable
        Logits, labels -> the mean loss that the training minimizes, nats.
    kept : mapping of str to Tensor
        What the probe kept at the look before; empty at the first one.
    direct_pass : callable
        Network -> its pass on the images by the kernels of the training; None if it has no such.
    shared : dict of str to object
        What probes that look after the same step at the same images have computed for each other.
    """

    model: Network
    images: Tensor
    labels: Tensor
    loss: Callable[[Tensor, Tensor], Tensor]
    kept: Mapping[str, Tensor]
    direct_pass: Callable[[Network], Passage | None] = lambda _: None
    shared: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What a probe saw at one look.

    Attributes
    ----------
    numbers : dict of str to array
        By a name that stays the same at every look, as does the shape; a number that a study can
        use as a metric is named after its quantity, ``<layer>.<quantity>`` or ``<quantity>``.
    keep : dict of str to Tensor
        What the next look needs of this one.
    """

    numbers: Mapping[str, ArrayLike]
    keep: dict[str, Tensor] = field(default_factory=dict)


class Probe(ProbeSettings):
    """A kind of probe: the keys of its entry, and what it measures.

    A kind is a subclass in a file of its own in ``bnbench/probes/``, with a `register_probe` line.
    Its fields are the keys that it has besides those of all kinds.
    """

    model_config = ConfigDict(extra="forbid")

    quantities: ClassVar[tuple[str, ...]]
    """Names of its numbers that are metrics, without their layers."""

    def look(self, view: View) -> Seen:
        """Measure the network; a NaN is a result like any other."""
        raise NotImplementedError

    def watched(self, model: Network) -> tuple[str, ...]:
        """Name the layers to look at, the first one first."""
        return self.layers or model.hidden_layers


PROBES = Registry[type[Probe]]("probe", subclass_of(Probe))
register_probe, find_probe = PROBES.register, PROBES.find


def probes_of(experiment: Experiment) -> tuple[Probe, ...]:
    """Check the probes of an experiment, whose architecture exists.

    Unknown kinds, keys and layers are refused, a kind that stands there twice, and any probe of a
    stack of seeds.
    """
    probes: list[Probe] = []
    problems: list[str] = []
    for position in range(len(experiment.probes)):
        try:
            probes.append(_probe(experiment, position))
        except BnbenchError as error:
            problems += error.problems
    problems += _problems(experiment)
    if problems:
        raise BnbenchError(*problems)
    return tuple(probes)


def check_looks(experiment: Experiment, examples: int, steps: int) -> None:
    """Refuse probes that ask for more than there is.

    Parameters
    ----------
    examples : int
        In the training split.
    steps : int
        Of the whole run.
    """
    problems = []
    for position, probe in enumerate(experiment.probes):
        place = experiment.place(f"probes.{position}")
        if probe.images > examples:
            problems.append(
                f"{place}.images: {probe.images} are more than the {examples} training images"
            )
        if probe.every > steps:
            problems.append(
                f"{place}.every: {probe.every} steps are more than the {steps} of the run"
            )
    if problems:
        raise BnbenchError(*problems)


def columns(numbers: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float32]]:
    """Bring numbers into the form in which they are kept: float32, of any shape."""
    return {name: np.asarray(value, dtype=np.float32) for name, value in numbers.items()}


def layer(model: Network, name: str) -> nn.Module:
    """Find a hidden layer, or the output layer, by its name."""
    return model.get_submodule(name)


def _probe(experiment: Experiment, position: int) -> Probe:
    key = f"probes.{position}"
    given = experiment.probes[position]
    kind = find_probe(given.kind, experiment.place(f"{key}.kind"))
    probe = checked_section(experiment, key, kind)
    known = find_architecture(experiment.model.name).network.layers(experiment.model)
    for name in probe.layers or ():
        if name not in known:
            raise unknown("hidden layer", name, known, experiment.place(f"{key}.layers"))
    return probe


def _problems(experiment: Experiment) -> Iterator[str]:
    kinds = [probe.kind for probe in experiment.probes]
    for position, kind in enumerate(kinds):
        if kind in kinds[:position]:
            place = experiment.place(f"probes.{position}.kind")
            yield f"{place}: {kind} stands here a second time; remove one"
    if kinds and experiment.training.stack is not None:
        place = experiment.place("training.stack")
        yield f"{place}: a probe looks at one network, not at a stack of seeds; set it to null"
