"""The training loop against a loop written out again, and the quirks' switches."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from bnbench.config import (
    AdamSettings,
    OptimizerSettings,
    SGDSettings,
    TrainingSettings,
)
from bnbench.data import Split, Splits
from bnbench.runs import BatchRows, EpochRow, EvaluationRow
from bnbench.training import learner as learning
from bnbench.training import loop
from bnbench.training.batches import batch_order
from bnbench.training.checkpoint import TrainingState
from bnbench.training.device import reproducible
from bnbench.training.evaluation import evaluate
from bnbench.training.loop import DivergedError, train
from bnbench.training.optimizer import build_optimizer, flatten_parameters
from tests.networks import new_network, noise, noise_splits


def settings(**changes: Any) -> TrainingSettings:
    defaults: dict[str, Any] = {"epochs": 2, "batch_size": 32, "device": "cpu"}
    return TrainingSettings(**(defaults | changes))


def results(
    network: nn.Module, data: Splits, chosen: TrainingSettings, seed: int = 0
) -> tuple[list[BatchRows], list[BatchRows], list[EpochRow]]:
    rows = list(train(network, data, chosen, seed))
    batches = [row for row in rows if isinstance(row, BatchRows)]
    return (
        [row for row in batches if row.split == "train"],
        [row for row in batches if row.split == "validation"],
        [row for row in rows if isinstance(row, EpochRow)],
    )


OPTIMIZERS: list[OptimizerSettings] = [
    AdamSettings(
        name="adam", learning_rate=0.002, beta1=0.8, beta2=0.95, epsilon=1e-4, weight_decay=0.01
    ),
    SGDSettings(name="sgd", learning_rate=0.05, momentum=0.9, weight_decay=0.01),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=["adam", "sgd"])
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("name", ["MLP_BatchNorm", "LeNet5_BatchNorm"])
def test_losses_are_those_of_a_plain_loop(
    name: str, optimizer: OptimizerSettings, softmax: bool
) -> None:
    size = 32 if name == "LeNet5_BatchNorm" else 28
    data = noise_splits(size=size)
    chosen = settings(optimizer=optimizer, softmax_before_loss=softmax)
    batches, validation, epochs = results(new_network(name), data, chosen, seed=7)
    expected = plain_losses(new_network(name), data, chosen, seed=7)
    losses = np.concatenate([rows.losses for rows in batches])
    np.testing.assert_allclose(losses, expected, rtol=2e-4)
    assert np.concatenate([rows.steps for rows in batches]).tolist() == list(range(1, 15))
    assert np.concatenate([rows.examples for rows in batches]).tolist() == ([32] * 6 + [8]) * 2
    assert [rows.steps.tolist() for rows in validation] == [[7] * 3, [14] * 3]
    assert [row.epoch for row in epochs] == [1, 2]


def plain_losses(
    network: nn.Module, data: Splits, chosen: TrainingSettings, seed: int
) -> list[float]:
    """Batches by hand, PyTorch's optimizers on separate tensors."""
    kind: Any = chosen.optimizer
    rate, decay = kind.learning_rate, kind.weight_decay
    optimizer = (
        torch.optim.Adam(
            network.parameters(), lr=rate, betas=(0.8, 0.95), eps=1e-4, weight_decay=decay
        )
        if isinstance(kind, AdamSettings)
        else torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9, weight_decay=decay)
    )
    generator = torch.Generator().manual_seed(seed)
    losses = []
    for _ in range(chosen.epochs):
        order = torch.randperm(len(data.train.labels), generator=generator)
        for start in range(0, len(order), chosen.batch_size):
            chosen_images = order[start : start + chosen.batch_size]
            output = network(data.train.images[chosen_images])
            if chosen.softmax_before_loss:
                output = torch.softmax(output, dim=1)
            loss = functional.cross_entropy(output, data.train.labels[chosen_images])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("softmax", [False, True])
def test_epoch_row_by_numpy(softmax: bool) -> None:
    network, data = new_network(), noise_splits()
    chosen = settings(epochs=1, softmax_before_loss=softmax)
    batches, validation, epochs = results(network, data, chosen)
    losses = np.concatenate([rows.losses for rows in batches]).astype(np.float64)
    examples = np.concatenate([rows.examples for rows in batches])
    assert epochs[0].train_loss == pytest.approx((losses * examples).sum() / examples.sum())
    network.eval()
    with torch.no_grad():
        logits, after = network(data.validation.images), network(data.train.images)
        output = torch.softmax(logits, dim=1) if softmax else logits
        per_example = functional.cross_entropy(output, data.validation.labels, reduction="none")
        on_train = torch.softmax(after, dim=1) if softmax else after
        train_loss = functional.cross_entropy(on_train, data.train.labels).item()
    assert epochs[0].train_loss_after_epoch == pytest.approx(train_loss, rel=1e-5)
    train_right = (after.argmax(dim=1) == data.train.labels).double().mean().item()
    assert epochs[0].train_accuracy == train_right
    right = (logits.argmax(dim=1) == data.validation.labels).double()
    assert epochs[0].validation_loss == pytest.approx(per_example.mean().item(), rel=1e-5)
    assert epochs[0].validation_accuracy == right.mean().item()
    by_batch = [chunk.mean().item() for chunk in torch.split(per_example, 32)]
    np.testing.assert_allclose(validation[0].losses, by_batch, rtol=1e-4)
    expected = [chunk.mean().item() for chunk in torch.split(right, 32)]
    np.testing.assert_allclose(validation[0].accuracies, expected)


def test_mean_of_batches_gives_the_short_batch_a_full_weight() -> None:
    batches, _, epochs = results(
        new_network(), noise_splits(), settings(epoch_loss="mean_of_batches")
    )
    first = np.concatenate([rows.losses for rows in batches if rows.epoch == 1])
    assert epochs[0].train_loss == pytest.approx(first.astype(np.float64).mean())


def test_evaluation_mode_that_sticks_freezes_the_statistics() -> None:
    network, data = new_network(), noise_splits()
    modes, buffers = [], []
    for row in train(network, data, settings(epochs=3, mode_after_first_epoch="evaluation"), 0):
        if isinstance(row, EpochRow):
            modes.append(row.training_mode)
            buffers.append({name: value.clone() for name, value in network.named_buffers()})
    assert modes == [True, False, False]
    assert all(torch.equal(buffers[0][name], buffers[2][name]) for name in buffers[0])
    assert buffers[0]["fc1.batch_norm.num_batches_tracked"].item() == 7  # ceil(200 / 32)


def test_training_mode_in_every_epoch() -> None:
    network = new_network()
    _, _, epochs = results(network, noise_splits(), settings(epochs=3))
    assert [row.training_mode for row in epochs] == [True] * 3
    tracked = dict(network.named_buffers())["fc1.batch_norm.num_batches_tracked"]
    assert tracked.item() == 21  # and no evaluation has counted


def test_evaluation_changes_nothing() -> None:
    network, data = new_network(), noise_splits()
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stream = torch.get_rng_state()
    evaluate(network, data.validation)
    assert network.training
    assert torch.equal(stream, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_evaluations_within_an_epoch_change_nothing() -> None:
    """Whether and how often a run is measured on the way: the same losses, the same weights."""
    data, trained = noise_splits(), []
    for every in (None, 1, 3):
        network = dropping(new_network())
        torch.manual_seed(5)
        train_rows, validation_rows, _ = results(network, data, settings(evaluate_every=every))
        losses = np.concatenate([rows.losses for rows in [*train_rows, *validation_rows]])
        trained.append([losses.tobytes(), *map(tensor_bytes, network.state_dict().values())])
    assert trained[0] == trained[1] == trained[2]


@pytest.mark.parametrize("after", [1, 4, 7, 11])
def test_a_run_goes_on_within_an_epoch(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a copy of the state after any step: the rows and weights of a run that was let alone."""
    monkeypatch.setattr(loop, "KEEP_EVERY", 1)
    monkeypatch.setattr(learning, "BLOCK", 1)
    data, chosen = noise_splits(), settings(optimizer=SGDSettings(name="sgd", momentum=0.9))
    network, state, rest = dropping(new_network()), None, []
    torch.manual_seed(5)
    for result in train(network, data, chosen, 0):
        if isinstance(result, TrainingState):
            state = copy.deepcopy(result) if result.step == after else state
        elif state is not None:
            rest.append(result)
    assert state is not None
    assert (state.epochs, len(state.tally.losses)) == divmod(after, 7)
    other = dropping(new_network(seed=1))
    again = [
        result
        for result in train(other, data, chosen, 0, state)
        if not isinstance(result, TrainingState)
    ]
    for one, two in zip(rest, again, strict=True):
        assert told(one) == told(two)
    assert [*map(tensor_bytes, network.state_dict().values())] == [
        *map(tensor_bytes, other.state_dict().values())
    ]


def dropping(network: nn.Module) -> nn.Module:
    """Add noise from PyTorch's own stream, as dropout does."""
    network.register_forward_pre_hook(
        lambda module, given: functional.dropout(given[0], 0.1, module.training)
    )
    return network


def tensor_bytes(tensor: Tensor) -> bytes:
    return tensor.detach().numpy().tobytes()


def told(row: BatchRows | EpochRow | EvaluationRow) -> list[str]:
    """Everything in a row that is not a time."""
    if isinstance(row, BatchRows):
        return [*row.lines()]
    times = ("train_seconds", "evaluation_seconds")
    return [f"{name}={value}" for name, value in vars(row).items() if name not in times]


def test_evaluation_does_not_depend_on_the_order() -> None:
    network, data = new_network(), noise(300)
    order = torch.randperm(300, generator=torch.Generator().manual_seed(3))
    straight = evaluate(network, data)
    shuffled = evaluate(network, Split(data.images[order], data.labels[order]))
    np.testing.assert_allclose(shuffled.losses, straight.losses[order.numpy()], rtol=1e-5)
    assert shuffled.accuracy == straight.accuracy


def test_divergence_is_yielded_up_to_the_batch_that_shows_it() -> None:
    optimizer = SGDSettings(name="sgd", learning_rate=1e30)
    rows = train(new_network("MLP"), noise_splits(), settings(optimizer=optimizer), 0)
    batches = next(rows)
    assert isinstance(batches, BatchRows)
    with pytest.raises(DivergedError, match="the train loss is not finite at step"):
        next(rows)
    assert np.isfinite(batches.losses[:-1]).all()
    assert not np.isfinite(batches.losses[-1])
    assert len(batches.steps) == len(batches.losses) == len(batches.correct)


@given(st.integers(1, 400), st.integers(1, 64), st.booleans(), st.booleans(), st.integers(0, 5))
def test_an_epoch_is_a_permutation(
    examples: int, batch_size: int, shuffle: bool, drop_last: bool, seed: int
) -> None:
    chosen = settings(batch_size=batch_size, shuffle=shuffle, drop_last=drop_last)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(2):
        batches = batch_order(examples, chosen, generator)
        seen = torch.cat(batches).tolist() if batches else []
        kept = examples - examples % batch_size if drop_last else examples
        assert len(set(seen)) == len(seen) == kept
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert shuffle or seen == list(range(kept))


def test_batch_order_is_a_function_of_the_seed_alone() -> None:
    def first(seed: int) -> Tensor:
        torch.rand(3)  # the global stream does not matter
        return torch.cat(batch_order(500, settings(), torch.Generator().manual_seed(seed)))

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_flat_parameters_are_the_model_s() -> None:
    network = new_network("LeNet5")
    before = [parameter.clone() for parameter in network.parameters()]
    flat = flatten_parameters(network)
    assert all(map(torch.equal, before, network.parameters()))
    network(torch.rand(4, 1, 32, 32)).sum().backward()
    optimizer = build_optimizer(flat, SGDSettings(name="sgd", learning_rate=1.0))
    gradients = [parameter.grad.clone() for parameter in network.parameters()]  # type: ignore[union-attr]
    optimizer.step()
    for old, new, gradient in zip(before, network.parameters(), gradients, strict=True):
        torch.testing.assert_close(new, old - gradient)


def test_reproducible_sets_what_decides_the_bits_and_puts_it_back() -> None:
    before, cudnn = torch.get_num_threads(), torch.backends.cudnn
    flags = (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32)
    with reproducible(before + 1):
        assert torch.get_num_threads() == before + 1
        assert (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32) == (True, False, False)
    assert torch.get_num_threads() == before
    assert (cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32) == flags
