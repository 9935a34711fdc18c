"""Steps without autograd: the bits of those with it, and where there are none."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from bnbench.config import Experiment, ModelSettings, TrainingSettings
from bnbench.data import Split
from bnbench.direct import chain_of
from bnbench.models import resolve_model
from bnbench.training.learner import Learner
from bnbench.training.loop import update
from tests.networks import new_network, noise


def learner(name: str, training: dict[str, Any], **settings: Any) -> Learner:
    wanted = TrainingSettings(kernels="batch_last", device="cpu", **training)
    return Learner(new_network(name, **settings), noise(70, 3, 32), wanted)


def bits(trained: Learner) -> list[Tensor]:
    tensors = [*trained.model.parameters(), *trained.model.buffers(), trained.gradient]
    return [tensor.detach().clone() for tensor in tensors]


EVERYWHERE = {"layers": ("C1", "C3", "F5", "F6")}


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize(
    ("name", "settings", "training"),
    [
        ("LeNet5", {}, {"softmax_before_loss": True}),
        ("LeNet5", {"activation": "relu"}, {"shuffle": False}),
        ("LeNet5_BatchNorm", {"batch_norm": EVERYWHERE}, {}),
        ("LeNet5_BatchNorm", {"batch_norm": {"placement": "before_activation"}}, {}),
        ("LeNet5_BatchNorm", {"batch_norm": {"preceding_bias": False}}, {}),
        ("CNN", {}, {}),
        ("CNN_BatchNorm", {}, {}),
    ],
)
def test_the_bits_are_those_of_autograd(
    name: str, settings: dict[str, Any], training: dict[str, Any], mode: bool
) -> None:
    direct, plain = (learner(name, training, **settings) for _ in range(2))
    plain.model.register_forward_hook(lambda *_: None)
    batches = [torch.arange(70)[start : start + 33] for start in (0, 33, 66)]  # the last has four
    outcomes = []
    for trained in (direct, plain):
        trained.model.train()
        for training_mode in (True, mode):  # statistics of their own, when they are frozen
            trained.model.train(training_mode)
            measured = trained.train_block(update, batches)
        outcomes.append((bits(trained), *map(torch.from_numpy, measured)))
    torch.testing.assert_close(*outcomes, rtol=0, atol=0)
    assert direct.direct(batches[0])
    assert plain.direct(batches[0]) is None


@pytest.mark.parametrize(
    ("name", "settings", "layers"),
    [
        ("LeNet5", {}, 4),
        ("CNN_BatchNorm", {}, 2),
        ("LeNet5", {"dropout": 0.5}, None),
        ("LeNet5", {"activation": "elu"}, None),
        ("LeNet5_1998", {}, None),
    ],
)
def test_which_networks(name: str, settings: dict[str, Any], layers: int | None) -> None:
    chain = chain_of(new_network(name, **settings))
    assert (chain and len(chain.hidden)) == layers


def test_none_for_a_forward_pass_of_somebody_else_s() -> None:
    plain = type(new_network("LeNet5"))

    class Mine(plain):  # type: ignore[misc, valid-type]
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images).neg()  # type: ignore[no-any-return]

    mine = Mine(resolve_model(Experiment(experiment="x", model=ModelSettings(name="LeNet5"))))
    assert chain_of(mine) is None


def test_none_where_autograd_would_do_more_or_less() -> None:
    batch = torch.arange(4)
    one = learner("LeNet5_BatchNorm", {})
    assert one.direct(batch[:1]) is None  # batch norm may refuse it
    assert one.direct(batch)
    one.model.C3.register_full_backward_hook(lambda *_: None)  # type: ignore[union-attr]
    assert one.direct(batch) is None
    fixed = new_network("LeNet5")
    fixed.output.bias.requires_grad_(False)  # type: ignore[union-attr]
    assert chain_of(fixed) is None


def test_no_copy_of_images_whose_channels_are_views_of_one() -> None:
    images = torch.rand(8, 1, 32, 32).expand(8, 3, 32, 32)
    split = Split(images, torch.arange(8))
    settings = TrainingSettings(kernels="batch_last", device="cpu")
    of_views = Learner(new_network("LeNet5", in_channels=3), split, settings)
    assert of_views.direct(torch.arange(4)) is None
    of_views.train_block(update, [torch.arange(4)])
