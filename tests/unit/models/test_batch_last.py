"""Networks with the batch innermost: which ones, the same function, and plain when exported."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from bnbench.config import (
    AdamSettings,
    Experiment,
    ModelSettings,
    TrainingSettings,
)
from bnbench.errors import BnbenchError
from bnbench.models.batch_last import can_use_batch_last, use_batch_last
from bnbench.training.kernels import choose_kernels, resolve_kernels
from bnbench.training.loop import DivergedError, train
from tests.networks import new_network, noise_splits


def pair(name: str, **settings: Any) -> tuple[nn.Module, nn.Module]:
    plain = new_network(name, **settings).double()
    ours = copy.deepcopy(plain)
    use_batch_last(ours)
    return plain, ours


def images(examples: int = 6, channels: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(examples, channels, 32, 32, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("name", ["LeNet5", "LeNet5_BatchNorm", "CNN_BatchNorm"])
@pytest.mark.parametrize("mode", ["training", "evaluation"])
def test_the_network_is_the_same_function(name: str, mode: str) -> None:
    outcomes = []
    for one in pair(name):
        one.train(mode == "training")
        for _ in range(2):
            logits = one(images())
        logits.square().sum().backward()
        gradients = {key: value.grad for key, value in one.named_parameters()}
        outcomes.append((logits, gradients, one.state_dict()))
    (logits, gradients, state), (ours, of_ours, state_of_ours) = outcomes
    torch.testing.assert_close(ours, logits, rtol=0, atol=1e-6)  # tanh here, by the sigmoid there
    torch.testing.assert_close(of_ours, gradients, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(state_of_ours, state, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "settings", "can"),
    [
        ("LeNet5", {}, True),
        ("LeNet5_BatchNorm", {"in_channels": 3, "activation": "sigmoid"}, True),
        ("CNN", {"dropout": 0.5}, True),
        ("LeNet5_BatchNorm", {"batch_norm": {"placement": "after_pooling"}}, False),
        (
            "LeNet5_BatchNorm",
            {"batch_norm": {"placement": "after_pooling", "layers": ("F5",)}},
            True,
        ),
        ("MLP", {}, False),
        ("LeNet5", {"normalization": {"kind": "group", "groups": 2}}, False),
    ],
)
def test_which_networks(name: str, settings: dict[str, Any], can: bool) -> None:
    assert can_use_batch_last(new_network(name, **settings)) == can


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(1, 6, 5, stride=2),
        nn.Conv2d(1, 6, 5, padding="same"),
        nn.Conv2d(1, 6, 5, padding=2, padding_mode="circular"),
        nn.Conv2d(1, 6, (5, 3)),
        nn.Conv2d(64, 6, 5),
    ],
)
def test_a_convolution_without_a_kernel(other: nn.Conv2d) -> None:
    changed: Any = new_network("LeNet5")
    changed.C1.affine = other
    assert not can_use_batch_last(changed)


def test_a_convolution_outside_of_hidden_layers() -> None:
    changed: Any = new_network("LeNet5")
    changed.extra = nn.Conv2d(1, 1, 3)
    assert not can_use_batch_last(changed)


@pytest.mark.parametrize(
    ("settings", "device"), [({"stack": 2}, "cpu"), ({}, "cuda"), ({"kernels": "torch"}, "cpu")]
)
def test_where_pytorch_s_own_are_chosen(settings: dict[str, Any], device: str) -> None:
    assert choose_kernels(new_network("LeNet5"), TrainingSettings(**settings), device) == "torch"


@pytest.mark.parametrize(
    ("vectors", "kernels"),
    [("AVX512", "batch_last"), ("AVX2", "batch_last"), ("DEFAULT", "torch"), ("SVE256", "torch")],
)
def test_where_they_are_chosen(vectors: str, kernels: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: vectors)
    lenet, auto, asked = (
        new_network("LeNet5"),
        TrainingSettings(),
        TrainingSettings(kernels="batch_last"),
    )
    assert choose_kernels(lenet, auto, "cpu") == kernels
    assert choose_kernels(lenet, asked, "cpu") == "batch_last"


def test_asked_for_in_vain() -> None:
    asked = TrainingSettings(kernels="batch_last")
    with pytest.raises(BnbenchError, match=r"training\.kernels: batch_last has no kernels"):
        choose_kernels(new_network("MLP"), asked, "cpu")
    with pytest.raises(BnbenchError, match="is for a CPU, not for cuda"):
        choose_kernels(new_network("LeNet5"), asked, "cuda")


def test_the_choice_names_the_compiler() -> None:
    experiment = Experiment(experiment="x", model=ModelSettings(name="LeNet5"))
    import numba

    assert resolve_kernels(experiment, "cpu") == f"batch_last (numba {numba.__version__})"


def test_one_value_a_map_is_refused() -> None:
    _, ours = pair("LeNet5_BatchNorm")
    layer: Any = ours.train().C1
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        layer(torch.zeros(1, 1, 5, 5, dtype=torch.float64))


@pytest.mark.parametrize("name", ["LeNet5", "LeNet5_BatchNorm", "CNN_BatchNorm"])
def test_an_exported_network_is_plain(name: str) -> None:
    plain, ours = (one.float().eval() for one in pair(name))
    x = images().float()
    exported = torch.export.export(ours, (x,))
    targets = {str(node.target) for node in exported.graph.nodes if node.op == "call_function"}
    assert all(target.startswith("aten.") for target in targets)
    expected = plain(x)
    torch.testing.assert_close(exported.module()(x), expected, rtol=0, atol=1e-5)
    with torch.no_grad(), pytest.warns(FutureWarning, match="deprecated"):
        traced: Any = torch.jit.trace(ours, (x,), check_trace=False)  # type: ignore[no-untyped-call]
    torch.testing.assert_close(traced(x), expected, rtol=0, atol=1e-5)


def test_a_diverging_run_ends_as_one() -> None:
    settings = TrainingSettings(
        epochs=50, batch_size=16, kernels="batch_last", device="cpu",
        optimizer=AdamSettings(name="adam", learning_rate=1e37),
    )  # fmt: skip
    with pytest.raises(DivergedError):
        list(train(new_network("LeNet5", activation="relu"), noise_splits(64, 32), settings, 0))
