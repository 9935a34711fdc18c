"""Networks to look at, and a look at one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pytest
import torch
from torch import Tensor

from bnbench.config import Experiment
from bnbench.models import build_model, resolve_model
from bnbench.probes import Probe, Seen, View, find_probe
from bnbench.training.evaluation import cross_entropy

IMAGES = 40
MakeView = Callable[..., View]


@pytest.fixture
def make_view() -> MakeView:
    """Show a fresh network on random images; some settings of its model may be given."""

    def make(
        name: str = "MLP",
        kept: Mapping[str, Tensor] | None = None,
        seed: int = 0,
        **settings: object,
    ) -> View:
        experiment = Experiment.model_validate(
            {"experiment": "e", "model": {"name": name, **settings}}
        )
        generator = torch.Generator().manual_seed(1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = build_model(resolve_model(experiment))
        size = type(model).image_size
        images = torch.randn(IMAGES, 1, size, size, generator=generator)
        labels = torch.randint(10, (IMAGES,), generator=generator)
        loss = partial(cross_entropy, softmax_before_loss=False)
        return View(model.train(), images, labels, loss, kept or {})

    return make


def probe(kind: str, **keys: object) -> Probe:
    return find_probe(kind).model_validate({"kind": kind, **keys})


def look(view: View, kind: str, **keys: object) -> Seen:
    return probe(kind, **keys).look(view)
