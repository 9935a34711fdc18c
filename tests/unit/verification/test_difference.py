"""Two runs side by side: nothing for the same numbers, else what differs and where first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bnbench.runs import Log, Run
from bnbench.runs.tables import read_log
from bnbench.verification.difference import (
    Unequal,
    batches_are_kept,
    differing_facts,
    differing_numbers,
    first_difference,
)
from tests.edits import edit_manifest, edit_text, set_cell
from tests.unit.verification.conftest import MakeRun


@pytest.mark.parametrize("kind", ["held_out", "published", "diverged"])
def test_a_run_and_its_copy(make_run: MakeRun, originals: dict[str, Run], kind: str) -> None:
    one, other = originals[kind], make_run(kind)
    assert differing_facts(one, other) == []
    assert differing_numbers(one, other) == []


def test_times_are_no_numbers(make_run: MakeRun, originals: dict[str, Run]) -> None:
    other = make_run()
    set_cell(other.epochs, 2, "train_seconds", "99.0")
    set_cell(other.epochs, 3, "evaluation_seconds", "99.0")
    set_cell(other.evaluations, 2, "train_seconds", "99.0")
    assert differing_numbers(originals["held_out"], other) == []


def test_without_the_batches_of_one_run_the_epochs_are_compared(
    make_run: MakeRun, originals: dict[str, Run]
) -> None:
    one, other = originals["held_out"], make_run()
    assert batches_are_kept(one, other)
    other.batches.unlink()
    assert not batches_are_kept(one, other)
    assert differing_numbers(one, other) == []
    set_cell(other.epochs, 2, "validation_loss", "9.0")
    (found,) = differing_numbers(one, other)
    assert found.what.startswith("epochs.csv, epoch ")


def test_the_first_step_and_the_largest_difference(
    make_run: MakeRun, originals: dict[str, Run]
) -> None:
    one, other = originals["held_out"], make_run()
    first = set_cell(other.batches, 11, "loss", "2.0")  # epoch 1, step 10
    later = set_cell(other.batches, 41, "loss", "-100.0")  # 31 rows in epoch 1: step 37
    apart = float(np.float32(later)) + 100
    assert differing_numbers(one, other) == [
        Unequal("batches.csv, split train, epoch 1, step 10: loss", first, "2.0"),
        Unequal(
            f"largest difference of training losses, {apart:.1e} nats, at step 37", later, "-100.0"
        ),
    ]


def test_the_first_epoch_and_evaluation(make_run: MakeRun, originals: dict[str, Run]) -> None:
    one, other = originals["held_out"], make_run()
    loss = set_cell(other.epochs, 3, "validation_loss", "0.5")
    accuracy = set_cell(other.evaluations, 4, "validation_accuracy", "0.008")
    assert differing_numbers(one, other) == [
        Unequal("epochs.csv, epoch 2: validation_loss", loss, "0.5"),
        Unequal("evaluations.csv, epoch 1, step 27: validation_accuracy", accuracy, "0.008"),
    ]


def test_one_that_was_stopped(make_run: MakeRun, originals: dict[str, Run]) -> None:
    one, other = originals["held_out"], make_run()
    lines = other.batches.read_text(encoding="utf-8").splitlines(keepends=True)
    other.batches.write_text("".join(lines[:8]), encoding="utf-8")
    other.evaluations.unlink()
    assert differing_numbers(one, other) == [
        Unequal("batches.csv, rows", "62", "7"),
        Unequal("evaluations.csv, rows", "6", "0"),
    ]


def test_losses_that_are_no_numbers() -> None:
    """Both arms of a pair may diverge: the same nan is no difference, nan against 1 is one."""

    def log(*losses: str) -> Log:
        rows = [("train", float(loss)) for loss in losses]
        return Log(Path("batches.csv"), np.array(rows, [("split", "U5"), ("loss", "f8")]))

    assert list(first_difference(log("1.0", "nan"), log("1.0", "nan"))) == []
    (found,) = first_difference(log("1.0", "nan"), log("1.0", "inf"))
    assert (found.first, found.second) == ("nan", "inf")


def test_columns_of_a_later_version_are_left_alone(tmp_path: Path) -> None:
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("epoch,loss\n1,2.0\n")
    new.write_text("epoch,loss,new\n1,2.0,x\n")
    first, second = (read_log(path, {"epoch": "i8", "loss": "f8"}) for path in (old, new))
    assert list(first_difference(first, second)) == []
    assert list(first_difference(second, first)) == []


def test_what_the_runs_were_made_of(make_run: MakeRun, originals: dict[str, Run]) -> None:
    one, other = originals["held_out"], make_run()
    edit_manifest(
        other, seed=7, status="failed", versions={"torch": "1.0"}, machine={"processor": "abacus"},
        code={"bnbench.training.loop": "0" * 12}, dataset={"sha256": "f" * 64},
        started="2001-01-01T00:00:00+00:00",  # no fact of this kind
    )  # fmt: skip
    edit_text(other.config, "momentum: 0.1", "momentum: 0.5")
    found = {one.what: one.second for one in differing_facts(one, other)}
    assert found == {
        "model.batch_norm.momentum": "0.5",
        "seed": "7",
        "status": "failed",
        "dataset.sha256": "f" * 64,
        "versions.torch": "1.0",
        "code.bnbench.training.loop": "0" * 12,
        "machine.processor": "abacus",
    }


def test_a_key_that_only_one_has(originals: dict[str, Run]) -> None:
    found = differing_facts(originals["held_out"], originals["diverged"])
    assert Unequal("training.optimizer.beta1", "0.9", "-") in found
    assert Unequal("model.name", "LeNet5_BatchNorm", "MLP") in found
    assert Unequal("training.evaluate_every", "9", "9") not in found
