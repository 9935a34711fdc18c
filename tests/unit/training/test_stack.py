"""Several seeds as one network: each has the numbers that it has alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from bnbench.config import (
    AdamSettings,
    BatchNormSettings,
    Experiment,
    ModelSettings,
    OptimizerSettings,
    SGDSettings,
    TrainingSettings,
)
from bnbench.data import Split, Splits
from bnbench.errors import BnbenchError
from bnbench.models import ARCHITECTURES, Architecture, Network, find_architecture
from bnbench.runs import BatchRows, EpochRow
from bnbench.training.check import check_experiment
from bnbench.training.checkpoint import TrainingState
from bnbench.training.device import on_device, reproducible
from bnbench.training.learner import Learner
from bnbench.training.loop import train, update
from bnbench.training.progress import Divergence, Result
from bnbench.training.stack import Stack, StackedLearner, check_stack, train_seeds
from tests.networks import new_network

SEEDS = (3, 4, 5)
BY_TABLE = {"LeNet5_1998", "LeNet5_1998_BatchNorm"}  # a connection table, which is not stacked
LENET = "LeNet5_BatchNorm"
CLOSE = 1e-9
"""In float64 rounding leaves 1e-13 or so; whatever is really another computation leaves more."""
ADAM = AdamSettings(name="adam", learning_rate=0.002, weight_decay=0.01)
SGD = SGDSettings(name="sgd", learning_rate=0.05, momentum=0.9, weight_decay=0.01)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with reproducible(threads=1):
        yield


def noise(examples: int, seed: int, size: int) -> Split:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(examples, 1, size, size, generator=generator, dtype=torch.float64)
    return Split(images, torch.randint(0, 10, (examples,), generator=generator))


def splits(name: str, device: str) -> Splits:
    size = find_architecture(name).network.image_size
    made = Splits("noise", "", noise(38, 1, size), noise(20, 2, size), None, False, 10)
    return on_device(made, torch.device(device))


def models(name: str, device: str = "cpu", **of_model: Any) -> list[Network]:
    return [network.double().to(device) for network in models_of_floats(name, **of_model)]


def models_of_floats(name: str, **of_model: Any) -> list[Network]:
    return [new_network(name, seed, **of_model) for seed in SEEDS]


def settings(optimizer: OptimizerSettings = ADAM, **changes: Any) -> TrainingSettings:
    defaults: dict[str, Any] = {"epochs": 2, "batch_size": 16, "device": "cpu"}
    return TrainingSettings(**(defaults | {"optimizer": optimizer} | changes))


def stacked(
    networks: list[Network], data: Splits, chosen: TrainingSettings
) -> tuple[StackedLearner, dict[int, list[Result]]]:
    learner = StackedLearner(networks, data.train, chosen)
    results: dict[int, list[Result]] = {member: [] for member in range(len(SEEDS))}
    for seed, result in train_seeds(learner, data, SEEDS):
        results[SEEDS.index(seed)].append(result)
    return learner, results


def batches(results: list[Any], split: str) -> tuple[list[int], Any, list[int]]:
    rows = [one for one in results if isinstance(one, BatchRows) and one.split == split]
    return (
        np.concatenate([one.steps for one in rows]).tolist(),
        np.concatenate([one.losses for one in rows]),
        np.concatenate([one.correct for one in rows]).tolist(),
    )


def assert_close(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("name", sorted(ARCHITECTURES.keys() - BY_TABLE))
def test_each_seed_has_the_numbers_that_it_has_alone(
    name: str, optimizer: OptimizerSettings, device: str
) -> None:
    """Batch norm's statistics, the optimizer's state, losses and answers, over two epochs."""
    data, chosen = splits(name, device), settings(optimizer)
    learner, results = stacked(models(name, device), data, chosen)
    for member, (seed, alone) in enumerate(zip(SEEDS, models(name, device), strict=True)):
        expected = list(train(alone, data, chosen, seed))
        for split in ("train", "validation"):
            steps, losses, correct = batches(results[member], split)
            steps_alone, losses_alone, correct_alone = batches(expected, split)
            assert (steps, correct) == (steps_alone, correct_alone)
            np.testing.assert_allclose(losses, losses_alone, rtol=1e-6)  # kept as float32
        assert_close(learner.weights(member), alone.state_dict())
        (state,) = [one for one in expected if isinstance(one, TrainingState)][-1:]
        kept, kept_alone = learner.optimizer_state(member)["state"][0], state.optimizer["state"][0]
        assert_close(kept, kept_alone)
        accuracies = [
            [one.train_accuracy for one in rows if isinstance(one, EpochRow)]
            for rows in (results[member], expected)
        ]
        assert accuracies[0] == accuracies[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"softmax_before_loss": True},
        {"mode_after_first_epoch": "evaluation"},
        {"shuffle": False, "drop_last": True},
    ],
    ids=str,
)
def test_quirks_are_kept(changes: dict[str, Any], device: str) -> None:
    data, chosen = splits(LENET, device), settings(**changes)
    learner, _ = stacked(models(LENET, device), data, chosen)
    for member, alone in enumerate(models(LENET, device)):
        for _ in train(alone, data, chosen, SEEDS[member]):
            pass
        assert_close(learner.weights(member), alone.state_dict())


def test_a_bias_may_be_missing() -> None:
    networks = models("MLP_BatchNorm", batch_norm=BatchNormSettings(preceding_bias=False))
    images = noise(5, 0, 28).images
    alone = torch.stack([network.eval()(images) for network in networks])
    torch.testing.assert_close(Stack(networks).eval()(images), alone, rtol=CLOSE, atol=CLOSE)


def test_a_stack_goes_on_from_its_members_states_bit_for_bit(device: str) -> None:
    data, chosen = splits(LENET, device), settings(epochs=3)
    states: list[TrainingState] = []
    learner = StackedLearner(models(LENET, device), data.train, chosen)
    for _, result in train_seeds(learner, data, SEEDS):
        if isinstance(result, TrainingState) and result.epochs == 1:
            states.append(copied(result))
    again = StackedLearner(models(LENET, device), data.train, chosen)
    for _ in train_seeds(again, data, SEEDS, states):
        pass
    for member in range(len(SEEDS)):
        one, other = learner.weights(member), again.weights(member)
        assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_a_members_state_takes_no_other_member_along(device: str) -> None:
    """A view's file has all that it is a view of: S members would keep S times S models."""
    data, chosen = splits(LENET, device), settings(epochs=1)
    learner, _ = stacked(models(LENET, device), data, chosen)
    kept = learner.optimizer_state(1)["state"][0]
    for name, value in {**learner.weights(1), **kept}.items():
        assert value.untyped_storage().nbytes() == value.numel() * value.element_size(), name


def copied(state: TrainingState) -> TrainingState:
    """States are live; a checkpoint is what copies them."""
    model = {name: value.clone() for name, value in state.model.items()}
    kept = {name: value.clone() for name, value in state.optimizer["state"][0].items()}
    return TrainingState(
        row=state.row, step=state.step, tally=deepcopy(state.tally), model=model,
        optimizer=state.optimizer | {"state": {0: kept}},
        order_stream=state.order_stream.clone(), global_stream=state.global_stream.clone(),
    )  # fmt: skip


def test_a_member_that_diverges_ends_alone(device: str) -> None:
    """The others have the very bits that they have beside one that does not."""
    data, chosen = splits(LENET, device), settings()
    sound, _ = stacked(models(LENET, device), data, chosen)
    networks = models(LENET, device)
    with torch.no_grad():
        networks[1].get_parameter("C1.affine.weight")[0, 0, 0, 0] = torch.inf
    learner, results = stacked(networks, data, chosen)
    assert isinstance(results[1][-1], Divergence)
    assert results[1][-1].message.endswith("step 1")
    assert len(results[1]) == 2
    for member in (0, 2):
        one, other = learner.weights(member), sound.weights(member)
        assert all(torch.equal(value, other[name]) for name, value in one.items())
        assert len([row for row in results[member] if isinstance(row, EpochRow)]) == 2


def test_all_may_diverge() -> None:
    chosen = settings(SGD.model_copy(update={"learning_rate": 1e30}))
    _, results = stacked(models("MLP_BatchNorm"), splits("MLP_BatchNorm", "cpu"), chosen)
    assert all(isinstance(rows[-1], Divergence) for rows in results.values())


class _Normalized(nn.Module):
    """A mean over channels mixes seeds."""

    def __init__(self) -> None:
        super().__init__()
        self.affine = nn.Linear(4, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = images.flatten(1)
        y: Tensor = self.affine(x - x.mean(dim=1, keepdim=True))
        return y


def test_what_cannot_be_stacked_is_refused() -> None:
    with pytest.raises(BnbenchError, match="layers do not treat channels one by one"):
        check_stack([_Normalized(), _Normalized()], (1, 2, 2))
    for spoils, why in (
        (nn.Dropout(), "draw random numbers"),
        (nn.Unflatten(1, (1, 4)), r"cannot be stacked \(unflatten"),
    ):
        layers = [nn.Sequential(nn.Flatten(), spoils, nn.Linear(4, 10)) for _ in range(2)]
        with pytest.raises(BnbenchError, match=why):
            check_stack(layers, (1, 2, 2))
    layers = [nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.Linear(4, 4)) for _ in range(2)]
    for layer in layers:
        layer[2].weight = layer[1].weight
    with pytest.raises(BnbenchError, match="layers share parameters"):
        check_stack(layers, (1, 2, 2))
    layers = [nn.Sequential(nn.Flatten(), nn.PReLU(4)) for _ in range(2)]
    with pytest.raises(BnbenchError, match="layer of the type PReLU cannot be stacked"):
        check_stack(layers, (1, 2, 2))


def stacked_experiment(**of_model: Any) -> Experiment:
    model = ModelSettings(**({"name": "CNN_BatchNorm"} | of_model))
    return Experiment(experiment="x", model=model, training=TrainingSettings(stack=2))


def test_a_config_is_checked_before_it_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    check_experiment(stacked_experiment())
    with pytest.raises(BnbenchError, match=r"x: training\.stack: .*dropout's random numbers"):
        check_experiment(stacked_experiment(dropout=0.1))
    mixing = Architecture("Mixing", ArchitectureThatMixes, ())
    monkeypatch.setitem(ARCHITECTURES, "Mixing", mixing)
    with pytest.raises(BnbenchError, match=r"x: training\.stack: Mixing: its layers do not treat"):
        check_experiment(stacked_experiment(name="Mixing"))


class ArchitectureThatMixes(Network):
    image_size = 32
    hidden_layers = ()
    activation = "relu"

    def __init__(self, settings: ModelSettings, num_classes: int = 10) -> None:
        super().__init__(settings, num_classes)
        self.output = nn.Linear(32 * 32, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.output(images.flatten(1).softmax(dim=1))
        return logits


def repeated(step: Callable[[], None]) -> Callable[[], object]:
    """Record nothing: what a CUDA graph replays, done again."""
    for _ in range(3):
        step()
    return step


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize("stack", [False, True])
def test_a_captured_step_is_the_step(
    stack: bool, optimizer: OptimizerSettings, device: str
) -> None:
    """Also of the last batch of an epoch, which is smaller, and after the mode has changed."""
    data = splits(LENET, device)
    chosen = settings(optimizer, epochs=3, mode_after_first_epoch="evaluation", evaluate_every=3)

    def losses(**how: Any) -> tuple[Any, dict[str, Tensor]]:
        torch.manual_seed(0)
        networks, seeds = models(LENET, device, dropout=0.3), SEEDS if stack else SEEDS[:1]
        learner = (
            StackedLearner(networks, data.train, chosen, **how)
            if stack
            else Learner(networks[0], data.train, chosen, **how)
        )
        results = [result for _, result in train_seeds(learner, data, seeds)]
        return batches(results, "train"), learner.weights(0)

    # Without a GPU there is nothing to record on, and with one, everything is recorded.
    (steps, eager, correct), weights = losses(**({"record": repeated} if device == "cuda" else {}))
    (steps_captured, captured, correct_captured), weights_captured = losses(
        **({} if device == "cuda" else {"record": repeated})
    )
    assert sorted(steps) == sorted(steps_captured)
    assert np.sort(eager).tolist() == np.sort(captured).tolist()
    assert sorted(correct) == sorted(correct_captured)
    assert all(torch.equal(value, weights_captured[name]) for name, value in weights.items())


def test_a_step_that_cannot_be_recorded_is_told_in_one_line() -> None:
    def refused(_: Callable[[], None]) -> Callable[[], object]:
        raise RuntimeError("operation not permitted when stream is capturing\nand advice")

    data, (model, *_) = splits(LENET, "cpu"), models(LENET)
    learner = Learner(model, data.train, settings(), refused)
    line = r"training.cuda_graph: .* \(operation not permitted .* capturing\); set it to false$"
    with pytest.raises(BnbenchError, match=line):
        list(train_seeds(learner, data, SEEDS[:1]))


@pytest.mark.parametrize("name", sorted(BY_TABLE))
def test_lenet5_of_1998_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(
        BnbenchError, match=r"^its layer of the type Subsampling cannot be stacked$"
    ):
        check_stack(models_of_floats(name), (1, 32, 32))


@pytest.mark.parametrize("stack", [False, True])
def test_a_step_reads_no_value_of_the_device(stack: bool) -> None:
    """Fake tensors have shapes and no values: whatever would wait for one, raises."""

    chosen = settings().model_copy(update={"kernels": "torch"})  # as on a GPU

    def losses() -> Tensor:
        networks, data = models_of_floats(LENET), splits(LENET, "cpu").train
        data = Split(data.images.float(), data.labels)
        learner = (
            StackedLearner(networks, data, chosen) if stack else Learner(networks[0], data, chosen)
        )
        indices = torch.zeros(*learner.loss_shape, 16, dtype=torch.int64)
        first, _ = update(learner, indices)
        assert first.shape == learner.loss_shape
        return first.reshape(-1)

    losses()[0].item()  # and what is kept between calls, is made of true tensors
    with FakeTensorMode(allow_non_fake_inputs=True):
        first = losses()
        with pytest.raises(DataDependentOutputException):
            first[0].item()
