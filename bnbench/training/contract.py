"""What an architecture must keep to, each point tried on noise: for `bnbench check-model`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from bnbench.config import Experiment, ModelSettings, TrainingSettings
from bnbench.data import Split, Splits
from bnbench.errors import BnbenchError
from bnbench.models import ARCHITECTURES, Network, find_architecture, resolve_model
from bnbench.training.checkpoint import TrainingState
from bnbench.training.evaluation import evaluate
from bnbench.training.initialization import initial_model
from bnbench.training.loop import train
from bnbench.training.trial import try_model

EXAMPLES, BATCH = 48, 16
AGREES = 1e-4  # of logits, which are of the size of 1


@dataclass(frozen=True)
class Point:
    """One point of the contract, and whether an architecture keeps to it.

    Attributes
    ----------
    problem : str
        What is wrong, and what to do; empty if nothing is.
    """

    name: str
    problem: str = ""


def check_contract(name: str) -> Iterator[Point]:
    """Try each point in turn; after the first, the others only if images pass at all."""
    find_architecture(name)
    shapes = _tried("shapes", lambda: _shapes(name))
    yield shapes
    if shapes.problem:
        return
    with torch.random.fork_rng(devices=[]):
        for what, check in CHECKS.items():
            yield _tried(what, lambda check=check: check(name))  # type: ignore[misc]


def _tried(name: str, check: Callable[[], str]) -> Point:
    try:
        return Point(name, check())
    except BnbenchError as error:
        return Point(name, str(error))
    except Exception as error:  # noqa: BLE001 - an architecture of one's own raises what it likes
        return Point(name, f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}")


def _settings(name: str, in_channels: int = 1) -> ModelSettings:
    channels = {"in_channels": in_channels}
    settings = ModelSettings.model_validate({"name": name, **channels})
    return resolve_model(Experiment(experiment="check", model=settings))


def _model(name: str, seed: int = 0) -> Network:
    return initial_model(_settings(name), TrainingSettings().initialization, seed)


def _images(name: str, examples: int = EXAMPLES) -> Tensor:
    size = find_architecture(name).network.image_size
    return torch.randn(examples, 1, size, size, generator=torch.Generator().manual_seed(0))


def _shapes(name: str) -> str:
    try_model(_settings(name), num_classes=7)
    return ""


def _channels(name: str) -> str:
    try:
        try_model(_settings(name, in_channels=3), num_classes=7)
    except BnbenchError as error:
        return (
            f"with model.in_channels: 3, {error}; build the first layer for settings.in_channels"
            " channels"
        )
    return ""


def _determinism(name: str) -> str:
    images = _images(name)
    first, second = (_model(name).eval() for _ in range(2))
    if not torch.equal(first(images), second(images)):
        return (
            "two networks of one seed differ: draw random numbers from PyTorch's global stream"
            " alone, and none in evaluation mode"
        )
    return ""


def _alone(name: str) -> str:
    images, model = _images(name), _model(name).eval()
    together, alone = model(images), torch.cat([model(image[None]) for image in images])
    if not torch.allclose(together, alone, rtol=0, atol=AGREES):
        return (
            "an image's logits depend on those beside it in evaluation mode: use running"
            " averages there, and x.flatten(1), not view(-1, …)"
        )
    return ""


def _evaluation(name: str) -> str:
    model = _model(name).train()
    before = copy.deepcopy(model.state_dict())
    evaluate(model, Split(_images(name), torch.zeros(EXAMPLES, dtype=torch.int64)))
    changed = [key for key, value in model.state_dict().items() if not before[key].equal(value)]
    if changed:
        return f"evaluation changes {', '.join(changed)}: update buffers only if self.training"
    return ""


def _arms(name: str) -> str:
    """Compare with the form of the same class that is normalized otherwise."""
    architecture = find_architecture(name)
    forms = [
        form.name
        for form in ARCHITECTURES.values()
        if form.network is architecture.network and form.name != name
    ]
    ours = dict(_model(name).named_parameters())
    for form in forms:
        theirs = dict(_model(form).named_parameters())
        differing = [key for key in ours.keys() & theirs.keys() if not ours[key].equal(theirs[key])]
        if differing:
            return (
                f"{form} starts from another {min(differing)} at the same seed: build the same"
                " layers in the same order in both"
            )
    return ""


def _resume(name: str) -> str:
    labels = torch.arange(EXAMPLES) % 10
    split = Split(_images(name), labels)
    splits = Splits("noise", "", split, split, None, False, num_classes=10)
    settings = TrainingSettings(epochs=2, batch_size=BATCH, device="cpu", cuda_graph=False)
    whole = _model(name)
    rows = map(copy.deepcopy, train(whole, splits, settings, 0))
    states = [row for row in rows if isinstance(row, TrainingState)]
    resumed = _model(name, seed=1)
    for _ in train(resumed, splits, settings, 0, states[0]):
        pass
    ours = resumed.state_dict()
    differing = [key for key, value in whole.state_dict().items() if not value.equal(ours[key])]
    if differing:
        return (
            f"a run that is gone on with ends with another {differing[0]}: what a network"
            " remembers must be a parameter or a buffer"
        )
    return ""


CHECKS: dict[str, Callable[[str], str]] = {
    "channels": _channels,
    "determinism": _determinism,
    "batch of one": _alone,
    "evaluation": _evaluation,
    "equal arms": _arms,
    "resume": _resume,
}
"""What is tried -> what finds a problem."""
