"""States of a real training have no flaw; whatever is changed in one of them is named."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from bnbench.config import Experiment, ModelSettings, TrainingSettings
from bnbench.training import learner as learning
from bnbench.training import loop
from bnbench.training.checkpoint import Tally, TrainingState
from bnbench.training.loop import train
from bnbench.training.soundness import Pattern, flaw, form, pattern
from bnbench.training.stack import build_learner, train_seeds
from tests.networks import new_network, noise_splits

BATCHES = 7  # 200 examples in batches of 32, the last of 8
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "adam": {"name": "adam", "learning_rate": 0.01},
    "sgd": {"name": "sgd", "learning_rate": 0.01},
    "momentum": {"name": "sgd", "learning_rate": 0.01, "momentum": 0.9},
}


def experiment(optimizer: str) -> Experiment:
    settings = TrainingSettings.model_validate(
        {"epochs": 2, "batch_size": 32, "device": "cpu", "optimizer": OPTIMIZERS[optimizer]}
    )
    return Experiment(experiment="x", model=ModelSettings(name="MLP_BatchNorm"), training=settings)


def states(optimizer: str) -> list[TrainingState]:
    """Train, and keep copies of the states after every second step and every epoch."""
    chosen = experiment(optimizer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(learning, "BLOCK", 2)
        patch.setattr(loop, "KEEP_EVERY", 2)
        results = train(new_network(), noise_splits(), chosen.training, seed=0)
        return [copy.deepcopy(one) for one in results if isinstance(one, TrainingState)]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_states_of_a_training_have_no_flaw(optimizer: str) -> None:
    found = states(optimizer)
    assert [one.step for one in found] == [2, 4, 6, 7, 9, 11, 13, 14]
    wanted = pattern(experiment(optimizer), 10, BATCHES, "cpu")
    assert [flaw(one, wanted) for one in found] == [None] * 8


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_states_of_a_stack_s_members_are_those_of_runs_by_themselves(optimizer: str) -> None:
    chosen = experiment(optimizer)
    settings = chosen.training.model_copy(update={"stack": 2})
    data, stacked = noise_splits(), chosen.model_copy(update={"training": settings})
    learner = build_learner(stacked, (0, 1), data)
    results = [one for _, one in train_seeds(learner, data, (0, 1))]
    found = [one for one in results if isinstance(one, TrainingState)]
    assert [one.step for one in found] == [7, 7, 14, 14]
    wanted = pattern(stacked, 10, BATCHES, "cpu")
    assert flaw(found[-1], wanted) is None  # the tensors are the live ones: of the last step
    assert flaw(found[-2], wanted) is None


def test_the_pattern_draws_no_random_number() -> None:
    before = torch.get_rng_state()
    pattern(experiment("adam"), 10, BATCHES, "cpu")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.fixture(scope="module")
def wanted() -> Pattern:
    return pattern(experiment("adam"), 10, BATCHES, "cpu")


@pytest.fixture(scope="module")
def original() -> TrainingState:
    """Six steps into the second epoch; the last it has is the seventh."""
    return states("adam")[-2]


@pytest.fixture
def state(original: TrainingState) -> TrainingState:
    return copy.deepcopy(original)


def test_the_state_that_is_changed_below(state: TrainingState) -> None:
    assert (state.epochs, state.step, len(state.tally.losses)) == (1, 13, 6)


WEIGHT, MEAN = "output.weight", "fc1.batch_norm.running_mean"
FLAT = 537_360
"""Parameters: (784 + 1 + 2) * 512 + (512 + 1 + 2) * 256 + (256 + 1) * 10 = 537,354; output.bias is
padded from 10 to 16."""
NAN, INF = math.nan, math.inf


def set_entry(name: str, key: str, value: object) -> Callable[[TrainingState], TrainingState]:
    """Change an entry of the model or of Adam's state."""

    def change(state: TrainingState) -> TrainingState:
        tree = state.model if name == "model" else state.optimizer["state"][0]
        assert key in tree
        if value is None:
            del tree[key]
        else:
            tree[key] = value
        return state

    return change


def set_group(**settings: object) -> Callable[[TrainingState], TrainingState]:
    def change(state: TrainingState) -> TrainingState:
        (group,) = state.optimizer["param_groups"]
        group |= settings
        return state

    return change


def set_field(**fields: Any) -> Callable[[TrainingState], TrainingState]:
    return lambda state: replace(state, **fields)


def set_tally(**fields: Any) -> Callable[[TrainingState], TrainingState]:
    return lambda state: replace(state, tally=replace(state.tally, **fields))


def set_row(**fields: Any) -> Callable[[TrainingState], TrainingState]:
    def change(state: TrainingState) -> TrainingState:
        assert state.row is not None
        return replace(state, row=replace(state.row, **fields))

    return change


GLOBAL_STREAM = "global_stream is no state of a random generator of the device cpu"
CHANGES = [
    (set_entry("model", WEIGHT, None), f"model has, or lacks, {WEIGHT}"),
    (set_entry("model", MEAN, None), f"model has, or lacks, {MEAN}"),
    (set_entry("model", WEIGHT, torch.zeros(256, 10)),
     f"model.{WEIGHT} is torch.float32 (256, 10), not torch.float32 (10, 256)"),
    (set_entry("model", WEIGHT, torch.zeros(10, 256).double()),
     f"model.{WEIGHT} is torch.float64 (10, 256), not torch.float32 (10, 256)"),
    (set_entry("model", WEIGHT, torch.zeros(10, 256, device="meta")),
     f"model.{WEIGHT} is torch.float32 on meta (10, 256), not torch.float32 (10, 256)"),
    (set_entry("model", WEIGHT, 0.5), f"model.{WEIGHT} is no tensor, not torch.float32 (10, 256)"),
    (set_entry("model", WEIGHT, torch.full((10, 256), NAN)), f"model.{WEIGHT} holds NaN"),
    (set_entry("model", MEAN, torch.full((512,), NAN)), f"model.{MEAN} holds NaN"),
    (set_entry("Adam", "exp_avg", None), "optimizer.state.0 has, or lacks, exp_avg"),
    (set_entry("Adam", "exp_avg", torch.zeros(5)),
     f"optimizer.state.0.exp_avg is torch.float32 (5,), not torch.float32 ({FLAT},)"),
    (set_entry("Adam", "exp_avg_sq", torch.full((FLAT,), NAN)),
     "optimizer.state.0.exp_avg_sq holds NaN"),
    (set_entry("Adam", "step", torch.tensor(12.0)), "optimizer has done 12 steps, not 13"),
    (set_group(lr=0.5), "optimizer.param_groups.0.lr is 0.5, not 0.01"),
    (set_group(lr=NAN), "optimizer.param_groups.0.lr is nan, not 0.01"),
    (set_group(betas=(0.9, 0.9)), "optimizer.param_groups.0.betas.1 is 0.9, not 0.999"),
    (set_group(betas=(0.9,)), "optimizer.param_groups.0.betas has, or lacks, 1"),
    (set_group(eps="small"), "optimizer.param_groups.0.eps is of another type"),
    (set_group(fused="yes"), "optimizer.param_groups.0.fused is of another type"),
    (set_group(more=1), "optimizer.param_groups.0 has, or lacks, more"),
    (set_field(model=7), "model is of another type"),
    (set_field(optimizer={}), "optimizer has, or lacks, param_groups, state"),
    (set_field(optimizer={"state": [], "param_groups": []}), "optimizer.state is of another type"),
    (set_field(order_stream=torch.zeros(7, dtype=torch.uint8)),
     "order_stream is no state of a random generator"),
    (set_field(order_stream=torch.zeros(5056, dtype=torch.uint8)),
     "order_stream is no state of a random generator"),
    (set_field(global_stream=torch.zeros(5056)), GLOBAL_STREAM),
    (set_field(global_stream=None), GLOBAL_STREAM),
    (set_field(step=12), "step 12 is not 6 after epoch 1 of 7"),
    (set_field(row=None), "step 13 is not 6 after epoch 0 of 7"),
    (set_field(tally=Tally()), "step 13 is not 0 after epoch 1 of 7"),
    (set_tally(losses=[0.5] * 7, examples=[32] * 7), "step 13 is not 7 after epoch 1 of 7"),
    (set_tally(losses=[0.5] * 5), "tally holds other batches than 5 of 32 examples"),
    (set_tally(examples=[32, 32, 32, 32, 32, 8]),
     "tally holds other batches than 6 of 32 examples"),
    (set_tally(examples=[32.0] * 6), "tally holds other batches than 6 of 32 examples"),
    (set_tally(examples=7), "tally holds no lists"),
    (set_tally(losses="abcdef"), "tally holds no lists"),
    (set_tally(losses=[0.5, 0.5, 0.5, 0.5, 0.5, NAN]), "tally holds what is no finite number"),
    (set_tally(losses=[0.5, 0.5, 0.5, 0.5, 0.5, "0.5"]), "tally holds what is no finite number"),
    (set_tally(train_seconds=INF), "tally holds what is no finite number"),
    (set_tally(evaluation_seconds=None), "tally holds what is no finite number"),
    (set_row(train_loss="low"), "row is no row of epochs.csv"),
    (set_row(training_mode=1), "row is no row of epochs.csv"),
    (set_row(epoch=2), "step 13 is not 6 after epoch 2 of 7"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[said[:60] for _, said in CHANGES])
def test_what_was_changed_is_named(
    change: Callable[[TrainingState], TrainingState], said: str, state: TrainingState,
    wanted: Pattern,
) -> None:  # fmt: skip
    assert flaw(change(state), wanted) == said


@pytest.mark.parametrize(("epoch", "batches"), [(2, 1), (3, 0), (1, 7), (0, 0)])
def test_an_epoch_or_a_step_that_the_run_does_not_have(
    epoch: int, batches: int, state: TrainingState, wanted: Pattern
) -> None:
    """The numbers go together, but a run of 2 epochs of 7 steps gives no such state."""
    state.optimizer["state"][0]["step"].fill_(epoch * BATCHES + batches)
    tally = Tally([0.5] * batches, [32] * batches)
    forged = replace(set_row(epoch=epoch)(state), step=epoch * BATCHES + batches, tally=tally)
    said = "row is no row of epochs.csv" if epoch == 0 else (
        f"epoch {epoch} and {batches} steps are none of 2 epochs"
    )  # fmt: skip
    assert flaw(forged, wanted) == said


def test_the_kernel_is_the_device_s_to_choose(state: TrainingState, wanted: Pattern) -> None:
    """Fused on processors and NVIDIA's devices, not on Apple's."""
    assert flaw(set_group(fused=False, capturable=True)(state), wanted) is None


def test_a_gpu_s_stream_belongs_to_a_gpu(state: TrainingState, wanted: Pattern) -> None:
    """A seed and an offset, of 8 bytes each; the order of the batches is always the CPU's."""
    of_gpu, said = torch.zeros(16, dtype=torch.uint8), "is no state of a random generator"
    on_gpu, found = replace(wanted, device="cuda"), replace(state, global_stream=of_gpu)
    assert flaw(found, on_gpu) is None
    assert flaw(found, wanted) == f"global_stream {said} of the device cpu"
    for other in (of_gpu[1:], of_gpu.float(), state.global_stream):
        forged = replace(state, global_stream=other)
        assert flaw(forged, on_gpu) == f"global_stream {said} of the device cuda"
    assert flaw(replace(found, order_stream=of_gpu), on_gpu) == f"order_stream {said}"


def test_infinity_is_where_an_overflow_may_have_left_it(
    state: TrainingState, wanted: Pattern
) -> None:
    """Adam's second moment is infinite after a gradient of 2e19, and the loss is finite."""
    moments = state.optimizer["state"][0]["exp_avg_sq"]
    moments[3] = INF
    assert flaw(state, wanted) is None


def test_form_of_what_is_no_dense_tensor() -> None:
    assert form(None) == "nothing"
    assert form("text") == "no tensor"
    assert form(torch.zeros(2, 3)) == "torch.float32 (2, 3)"
