"""`bnbench check-model` and the trial before a run: each broken network fails at its own point."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bnbench.config import Experiment, ModelSettings
from bnbench.errors import BnbenchError
from bnbench.models import ARCHITECTURES, Network, register
from bnbench.registry import import_folder
from bnbench.training.check import check_experiment
from bnbench.training.contract import CHECKS, check_contract


class Small(Network):
    """Softmax regression: keeps to everything."""

    image_size = 28
    hidden_layers: tuple[str, ...] = ()
    activation = "relu"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.output = nn.Linear(784 * settings.in_channels, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.output(images.flatten(1))
        return logits


class Misfit(Small):
    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.output(images.flatten(1)[:, 1:])
        return logits


class Grey(Small):
    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.output = nn.Linear(784, num_classes)


class Transposed(Small):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).T


class Random(Small):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images + torch.rand_like(images))


class Neighbours(Small):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images - images.mean(0))


class Counting(Small):
    seen: Tensor

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return super().forward(images)


class Forgetful(Small):
    """Its updates depend on how many it has seen, which no file keeps."""

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.steps = 0

    def forward(self, images: Tensor) -> Tensor:
        self.steps += self.training
        return super().forward(images) * (1 + self.steps * self.training)


@pytest.fixture
def enter() -> Iterator[Any]:
    before = set(ARCHITECTURES)

    def _enter(network: type[Network], **how: Any) -> str:
        register(network.__name__, **how)(network)
        return network.__name__

    yield _enter
    for name in ARCHITECTURES.keys() - before:
        del ARCHITECTURES[name]


def problems(name: str) -> dict[str, str]:
    return {point.name: point.problem for point in check_contract(name) if point.problem}


def test_a_sound_network_passes_every_point(enter: Any) -> None:
    assert [point.name for point in check_contract(enter(Small))] == ["shapes", *CHECKS]
    assert problems("Small") == {}


@pytest.mark.parametrize(
    ("network", "point", "said"),
    [
        (Misfit, "shapes", r"Misfit fails in or after output, Linear\(in_features=784.*3x783"),
        (
            Grey,
            "channels",
            r"with model.in_channels: 3, Grey .*; build the first layer for settings",
        ),
        (Transposed, "shapes", r"gives \(7, 3\) for 3 images and 7 classes; it must give a row"),
        (Random, "determinism", "draw random numbers from PyTorch's global stream alone"),
        (Neighbours, "batch of one", "depend on those beside it in evaluation mode"),
        (Counting, "evaluation", "evaluation changes seen: update buffers only if self.training"),
        (Forgetful, "resume", "what a network remembers must be a parameter or a buffer"),
    ],
)
def test_each_failure_says_what_to_do(
    enter: Any, network: type[Network], point: str, said: str
) -> None:
    found = problems(enter(network))
    assert next(iter(found)) == point
    assert re.search(said, found[point]), found[point]


def test_arms_that_start_from_other_weights(enter: Any) -> None:
    class Greedy(Small):
        """Draws numbers for its normalized form alone."""

        def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
            if settings.batch_norm:
                torch.rand(1)
            super().__init__(settings, num_classes)

    Greedy.hidden_layers = ("output",)
    enter(Greedy)
    register("Greedy_BatchNorm", normalized_layers=("output",))(Greedy)
    (said,) = problems("Greedy").values()
    assert "Greedy_BatchNorm starts from another output.weight at the same seed" in said


def test_a_misfit_is_one_line_before_anything_runs(enter: Any) -> None:
    experiment = Experiment.model_validate(
        {"experiment": "x", "data": {"resize": "none"}, "model": {"name": enter(Misfit)}}
    )
    with pytest.raises(BnbenchError, match=r"^x: model\.name: Misfit fails in or after output"):
        check_experiment(experiment)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\nx = = 1\n", r"broken\.py:2: SyntaxError: invalid syntax"),
        ("\n\nimport nonesuch\n", r"broken\.py:3: ModuleNotFoundError: No module named 'nonesuch'"),
        ("def f():\n    return 1 / 0\n\n\nf()\n", r"broken\.py:2: ZeroDivisionError"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "broken.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("own", "own.broken"):
        sys.modules.pop(module, None)
    with pytest.raises(BnbenchError, match=said) as caught:
        import_folder("own", [str(folder)])
    assert "\n" not in str(caught.value)
    assert "mend the file, or move it away" in str(caught.value)
