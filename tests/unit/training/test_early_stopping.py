"""A run with a rule of early stopping is the run without it, and knows what it would have been."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnbench.config import EarlyStoppingSettings, Experiment, load_experiment
from bnbench.errors import BnbenchError
from bnbench.runs import EpochRow, Run, run_directory, stopping_epoch
from bnbench.training import load_weights, run_experiment
from bnbench.training.check import check_experiment
from bnbench.verification.inspection import inspect

SHORT = ["data.dataset=digits", "data.train_examples=200", "training.batch_size=50"]
RULE = [
    "training.early_stopping.watch=validation_accuracy", "training.early_stopping.patience=1",
    "training.early_stopping.least_change=0.1",
]  # fmt: skip
EPOCHS = 5


@given(
    values=st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, float("nan")]), max_size=12),
    patience=st.integers(1, 4),
    least_change=st.sampled_from([0.0, 0.15]),
    watch=st.sampled_from(["validation_loss", "validation_accuracy"]),
)
def test_the_first_epoch_without_an_improvement_for_so_long(
    values: list[float], patience: int, least_change: float, watch: Any
) -> None:
    """By hand: each epoch that is an improvement, from the definition, then the first long gap."""
    sign = -1 if watch == "validation_loss" else 1
    improved = [0]
    for epoch, value in enumerate(values, 1):
        best = max((sign * values[at - 1] for at in improved if at), default=-np.inf)
        if sign * value > best + least_change:
            improved.append(epoch)
    ends = [at + patience for at, after in zip(improved, [*improved[1:], 99], strict=True)
            if after > at + patience]  # fmt: skip
    expected = ends[0] if ends and ends[0] <= len(values) else None
    rule = EarlyStoppingSettings(watch=watch, patience=patience, least_change=least_change)
    assert stopping_epoch(values, rule) == expected


def load(root: Path, *overrides: str) -> Experiment:
    return load_experiment(root / "configs/mlp.yaml", [*SHORT, *overrides], device="cpu")


def run(experiment: Experiment, results: Path, until: int = EPOCHS) -> Run:
    with closing(run_experiment(experiment, 0, results)) as rows:  # type: ignore[type-var]
        for row in rows:
            if isinstance(row, EpochRow) and row.epoch == until < experiment.training.epochs:
                next(rows)  # its state is kept before the next epoch begins
                break
    return run_directory(results, experiment, 0)


@pytest.fixture(scope="module")
def ruled(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(load(root, f"training.epochs={EPOCHS}", *RULE), tmp_path_factory.mktemp("ruled"))


def test_it_says_what_a_run_of_that_length_gives(ruled: Run, root: Path, tmp_path: Path) -> None:
    stop = ruled.read_manifest().final.early_stopping
    assert stop is not None
    assert 1 < stop.epoch < EPOCHS
    shorter = run(load(root, f"training.epochs={stop.epoch}"), tmp_path, until=stop.epoch)
    final = shorter.read_manifest().final
    assert (stop.test_accuracy, stop.test_loss) == (final.test_accuracy, final.test_loss)
    assert inspect(ruled).problems == ()


def test_it_changes_no_number(ruled: Run, root: Path, tmp_path: Path) -> None:
    free = run(load(root, f"training.epochs={EPOCHS}"), tmp_path)
    assert free.batches.read_bytes() == ruled.batches.read_bytes()
    first, second = load_weights(free), load_weights(ruled)
    assert all((first[name] == second[name]).all() for name in first)
    assert free.read_manifest().final.early_stopping is None


@pytest.mark.parametrize("after", ["before", "at", "later"])
def test_a_run_that_was_stopped_ends_with_the_same(
    ruled: Run, root: Path, tmp_path: Path, after: str
) -> None:
    stop = ruled.read_manifest().final.early_stopping
    assert stop is not None
    experiment = load(root, f"training.epochs={EPOCHS}", *RULE)
    run(experiment, tmp_path, until=stop.epoch + {"before": -1, "at": 0, "later": 1}[after])
    again = run(experiment, tmp_path)
    assert again.read_manifest().resumed_after_epochs != []
    assert again.read_manifest().final == ruled.read_manifest().final


def test_another_epoch_in_the_manifest_is_found(ruled: Run, root: Path, tmp_path: Path) -> None:
    copy = run(load(root, f"training.epochs={EPOCHS}", *RULE), tmp_path)
    content = json.loads(copy.manifest.read_text())
    content["final"]["early_stopping"]["epoch"] += 1
    copy.manifest.write_text(json.dumps(content))
    assert any("would stop after" in line for line in inspect(copy).problems)


def test_not_of_a_stack(root: Path) -> None:
    experiment = load(root, "training.stack=2", *RULE)
    with pytest.raises(BnbenchError, match=r"training\.stack: a rule of early stopping is of one"):
        check_experiment(experiment)
