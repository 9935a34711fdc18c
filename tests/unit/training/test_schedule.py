"""Learning-rate schedules against PyTorch's own, in a loop written out, and gone on with."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LRScheduler,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

from bnbench.config import TrainingSettings
from bnbench.runs import BatchRows, EpochRow
from bnbench.training.batches import batch_order
from bnbench.training.checkpoint import TrainingState
from bnbench.training.loop import train
from bnbench.training.schedule import rates
from tests.networks import new_network, noise_splits

EPOCHS, PER_EPOCH, EXAMPLES = 3, 7, 200  # 7 batches of 32, the last one smaller
TOTAL = EPOCHS * PER_EPOCH


def settings(schedule: dict[str, Any] | None) -> TrainingSettings:
    return TrainingSettings.model_validate(
        {
            "epochs": EPOCHS,
            "batch_size": 32,
            "device": "cpu",
            "optimizer": {"name": "sgd", "learning_rate": 0.5},
            "schedule": schedule,
        }
    )


def warmed_cosine(optimizer: Optimizer) -> LRScheduler:
    rising = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: (step + 1) / PER_EPOCH)
    falling = CosineAnnealingLR(optimizer, TOTAL - PER_EPOCH, eta_min=0.05)
    return SequentialLR(optimizer, [rising, falling], milestones=[PER_EPOCH])


Scheduler = Callable[[Optimizer], LRScheduler]
SCHEDULES: list[tuple[dict[str, Any], Scheduler]] = [
    ({"name": "constant"}, lambda one: StepLR(one, TOTAL)),
    (
        {"name": "step", "every_epochs": 2, "factor": 0.3},
        lambda one: StepLR(one, 2 * PER_EPOCH, 0.3),
    ),
    ({"name": "cosine", "final": 0.1}, lambda one: CosineAnnealingLR(one, TOTAL, eta_min=0.05)),
    ({"name": "cosine", "final": 0.1, "warm_up_epochs": 1}, warmed_cosine),
    (
        {"name": "one_cycle", "peak": 0.4, "start": 0.1, "final": 0.01},
        lambda one: OneCycleLR(
            one, 0.5, total_steps=TOTAL, pct_start=0.4, div_factor=10, final_div_factor=10,
            cycle_momentum=False,
        ),
    ),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Detected call of")  # our torch loop has no gradients to step
@pytest.mark.parametrize(("schedule", "theirs"), SCHEDULES)
def test_rates_are_pytorch_s(schedule: dict[str, Any], theirs: Scheduler) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
    scheduler = theirs(optimizer)
    expected = []
    for _ in range(TOTAL):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    found = rates(settings(schedule), 0, TOTAL, PER_EPOCH)
    assert found is not None
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert rates(settings(schedule), 5, 3, PER_EPOCH) == found[5:8]


def test_without_a_schedule_there_are_no_rates() -> None:
    assert rates(settings(None), 0, TOTAL, PER_EPOCH) is None


CYCLE = {"name": "one_cycle", "peak": 0.4}


def test_training_is_the_loop_written_out() -> None:
    chosen, data, ours = settings(CYCLE), noise_splits(EXAMPLES), new_network("MLP")
    theirs = copy.deepcopy(ours)
    rows = [row for row in train(ours, data, chosen, 0) if isinstance(row, EpochRow)]
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.5)
    scheduler = OneCycleLR(
        optimizer, 0.5, total_steps=TOTAL, pct_start=0.4, final_div_factor=1e12,
        cycle_momentum=False,
    )  # fmt: skip
    generator, last = torch.Generator().manual_seed(0), []
    for _ in range(EPOCHS):
        for batch in batch_order(EXAMPLES, chosen, generator):
            optimizer.zero_grad()
            logits: Tensor = theirs(data.train.images[batch])
            functional.cross_entropy(logits, data.train.labels[batch]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate = optimizer.param_groups[0]["lr"]
            scheduler.step()
        last.append(rate)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    np.testing.assert_allclose([row.learning_rate for row in rows], last, atol=1e-10)


@pytest.mark.parametrize("stop", [0, 1])
def test_a_run_that_is_gone_on_with_takes_the_same_rates(stop: int) -> None:
    chosen, data, whole = settings(CYCLE), noise_splits(EXAMPLES), new_network("MLP")
    rows, states = [], []
    for row in train(whole, data, chosen, 0):
        if isinstance(row, TrainingState):
            states.append(copy.deepcopy(row))
        rows.append(row)
    resumed = new_network("MLP")
    after = [
        row
        for row in train(resumed, data, chosen, 0, states[stop])
        if isinstance(row, BatchRows) and row.split == "train"
    ]
    before = [row for row in rows if isinstance(row, BatchRows) and row.split == "train"]
    assert np.array_equal(after[0].losses, before[stop + 1].losses)
    for one, other in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("peak", [0.5, 1e-300])
def test_a_peak_at_the_first_step_is_the_rate_itself(peak: float) -> None:
    """Of two steps with their peak after one, or with it before any: it was a division by zero."""
    one_cycle = settings({"name": "one_cycle", "peak": peak}).model_copy(update={"epochs": 1})
    planned = rates(one_cycle, 0, 2, 2)
    assert planned is not None
    first, last = planned
    assert first == pytest.approx(0.5, rel=0.6)
    assert last < first
