"""A step's tensors are all on the device of its data, without one: they have no content.

PyTorch's fake tensors know their device, and refuse to be mixed. Its own backward pass asks the
driver, so `backward` here calls the same nodes in Python.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from bnbench.config import load_experiment
from bnbench.data import Split
from bnbench.models import find_architecture, resolve_model
from bnbench.training.initialization import initial_model
from bnbench.training.learner import Learner
from bnbench.training.loop import update
from bnbench.training.stack import StackedLearner

GPU = torch.device("cuda:0")
CONFIGS = Path(__file__).parents[3] / "configs"
RECIPES = sorted([*CONFIGS.glob("*.yaml"), *CONFIGS.glob("published/*.yaml")])


def backward(loss: Tensor) -> None:
    """Do ``loss.backward()``, node by node once all that it waits for has come."""
    waits: dict[Any, int] = defaultdict(int)
    seen, following = set(), [loss.grad_fn]
    while following:
        if (node := following.pop()) not in seen:
            seen.add(node)
            after = [one for one, _ in node.next_functions if one is not None]  # type: ignore[union-attr]
            following += after
            for one in after:
                waits[one] += 1
    come: dict[Any, dict[int, Tensor]] = defaultdict(dict)
    come[loss.grad_fn] = {0: torch.ones_like(loss)}
    ready: list[Any] = [loss.grad_fn]
    while ready:
        node = ready.pop()
        given = getattr(node, "apply", node)(
            *(come[node].get(i) for i in range(max(come[node]) + 1))
        )
        given = given if isinstance(given, tuple) else (given,)
        for (after_it, place), gradient in zip(node.next_functions, given, strict=True):
            if after_it is None:
                continue
            if gradient is not None:
                shape = after_it._input_metadata[place].shape
                before = come[after_it].get(place)
                gradient = gradient.sum_to_size(shape)
                come[after_it][place] = gradient if before is None else before + gradient
            waits[after_it] -= 1
            if not waits[after_it]:
                ready.append(after_it)


def on_one_device(*tensors: list[Tensor], **_: object) -> None:
    """Stand for the fused SGD, which fake tensors do not know."""
    assert {one.device for some in tensors for one in some} == {GPU}


@pytest.mark.parametrize("stack", [None, 3])
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.relative_to(CONFIGS).as_posix())
def test_a_step_mixes_no_devices(
    recipe: Path, stack: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tensor, "backward", backward)
    monkeypatch.setattr(torch, "_fused_sgd_", on_one_device)
    experiment = load_experiment(recipe, device="cpu", stack=stack)
    settings, model = experiment.training, resolve_model(experiment)
    side = find_architecture(model.name).network.image_size
    seeds = settings.seeds_with(0)
    with FakeTensorMode():
        with GPU:
            images = torch.empty(640, 1, side, side)
            split = Split(images, torch.empty(640, dtype=torch.int64))
            models = [initial_model(model, settings.initialization, seed) for seed in seeds]
        learner = (
            StackedLearner(models, split, settings)
            if stack
            else Learner(models[0], split, settings)
        )
        indices = torch.arange(64, device=GPU).expand(*learner.loss_shape, 64)
        loss, correct = update(learner, indices)  # as a graph records it
    assert loss.device == correct.device == learner.parameters.device == GPU
    assert loss.shape == correct.shape == learner.loss_shape


def test_it_shows() -> None:
    with FakeTensorMode(), pytest.raises(RuntimeError, match="device"):
        torch.ones(3, device=GPU) + torch.ones(3)
