"""The numbers that the articles published, digitised: facts only, one JSON file a source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from bnbench.config import Experiment
from bnbench.registry import unknown


@dataclass(frozen=True)
class PublishedRun:
    """One arm of a published benchmark, which is one run without a stated seed.

    Attributes
    ----------
    dataset : str
        As an experiment names it.
    accuracies : dict of str to tuple of float
        Split, ``train`` or ``validation`` -> in [0, 1], after epoch 1, 2, ...
    loss_extremes : dict of str to list of float
        Split -> those of the least and largest loss of a batch that
        could be read, nats.
    reading_error : float
        Of each accuracy, to either side; a difference of two carries twice as much.
    """

    dataset: str
    accuracies: dict[str, tuple[float, ...]]
    loss_extremes: dict[str, list[float]]
    reading_error: float


def read_published(source: str, arm: str, place: str = "") -> PublishedRun:
    """Read a published run.

    Parameters
    ----------
    source : str
        Name of a JSON file in this folder, such as ``lenet5_article``.
    arm : str
        Such as ``regular`` or ``batch_norm``.
    place : str, default ""
        Where the names were written, for the error.
    """
    if source not in (sources := published_sources()):
        raise unknown("published source", source, sources, place)
    content = _content(source)
    if arm not in content["arms"]:
        raise unknown(f"arm in {source}", arm, content["arms"], place)
    curves = content["arms"][arm]
    return PublishedRun(
        dataset=content["dataset"],
        accuracies={
            "train": tuple(curves["training_accuracy"]),
            "validation": tuple(curves["validation_accuracy"]),
        },
        loss_extremes=curves["loss_extremes"],
        reading_error=content["reading_error"]["accuracy"],
    )


def replicated(experiment: Experiment) -> PublishedRun | None:
    """Find the published run that an experiment names, if it is of the experiment's dataset."""
    if experiment.published is None:
        return None
    curve, place = experiment.published, experiment.place("published")
    published = read_published(curve.source, curve.arm, place)
    return published if published.dataset == experiment.data.dataset else None


def published_sources() -> list[str]:
    """Name the sources that there are."""
    names = [file.name for file in files(__name__).iterdir()]
    return sorted(name.removesuffix(".json") for name in names if name.endswith(".json"))


def _content(source: str) -> dict[str, Any]:
    text = files(__name__).joinpath(f"{source}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content
