"""A finished run that goes on to more epochs ends with the bytes of a run of that length."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from bnbench.config import Experiment, load_experiment
from bnbench.errors import BnbenchError
from bnbench.training import run_experiment
from bnbench.training.check import check_experiment
from bnbench.verification.inspection import inspect
from tests.files import contents, timeless
from tests.trained import state_of, trained

SHORT = ["data.dataset=digits", "data.train_examples=200", "training.batch_size=50"]


def load(root: Path, epochs: int, *overrides: str, keep: bool = True) -> Experiment:
    """One name for all, as of one file that was edited in between."""
    keys = [f"training.epochs={epochs}", f"training.keep_state={str(keep).lower()}", *overrides]
    loaded = load_experiment(root / "configs/lenet5_batchnorm.yaml", [*SHORT, *keys], device="cpu")
    return loaded.model_copy(update={"experiment": "one"})


@pytest.mark.parametrize(
    "overrides",
    [
        ("training.evaluate_every=3",),
        ("training.schedule.name=step", "training.schedule.every_epochs=2"),
        ("training.early_stopping.patience=1", "training.early_stopping.least_change=9"),
    ],
)
def test_it_ends_with_the_same_bytes(
    root: Path, tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    whole = trained(load(root, 4, *overrides, keep=False), tmp_path / "whole")
    short = load(root, 2, *overrides)
    trained(short, tmp_path / "on")
    assert state_of(short, tmp_path / "on") == "cached: complete"
    longer = load(root, 4, *overrides)
    assert state_of(longer, tmp_path / "on") == "resume: complete after epoch 2, goes on to 4"
    gone_on = trained(longer, tmp_path / "on")
    found, wanted = timeless(gone_on.path), timeless(whole.path)
    names = found.keys() | wanted.keys()
    (kept,) = gone_on.checkpoints()
    assert {name for name in names if found.get(name) != wanted.get(name)} == {
        "config.yaml", kept.name,
    }  # fmt: skip
    assert gone_on.read_manifest().resumed_after_epochs == [2]
    assert inspect(gone_on).problems == ()
    assert state_of(load(root, 5, *overrides), tmp_path / "on").startswith("resume: complete after")


def test_it_may_be_stopped_again_before_its_next_epoch_is_done(root: Path, tmp_path: Path) -> None:
    whole = trained(load(root, 4), tmp_path / "whole")
    trained(load(root, 2), tmp_path / "on")
    with closing(run_experiment(load(root, 4), 0, tmp_path / "on")) as rows:  # type: ignore[type-var]
        next(rows)  # the first batches of epoch 3
    assert state_of(load(root, 4), tmp_path / "on").startswith("resume: interrupted")
    gone_on = trained(load(root, 4), tmp_path / "on")
    assert gone_on.batches.read_bytes() == whole.batches.read_bytes()
    assert gone_on.weights.read_bytes() == whole.weights.read_bytes()


def test_it_is_left_alone_where_it_cannot_go_on(root: Path, tmp_path: Path) -> None:
    done = trained(load(root, 2), tmp_path)
    before = contents(done.path)
    assert state_of(load(root, 1), tmp_path).startswith("other: training.epochs: 2 there, 1 here")
    other = load(root, 3, "training.optimizer.learning_rate=0.5")
    assert state_of(other, tmp_path).startswith("other: training.epochs: 2 there, 3 here")
    assert state_of(load(root, 3, keep=False), tmp_path).startswith("other: ")
    trained(load(root, 2), tmp_path)  # cached: the state stays
    assert contents(done.path) == before


def test_a_finished_run_is_not_lost_with_its_state(root: Path, tmp_path: Path) -> None:
    done = trained(load(root, 2), tmp_path)
    (checkpoint,) = done.checkpoints()
    checkpoint.write_bytes(b"spoilt" * 20)
    weights = done.weights.read_bytes()
    with pytest.raises(BnbenchError, match="is finished, and its state cannot be gone on with"):
        trained(load(root, 3), tmp_path)
    assert done.weights.read_bytes() == weights
    assert done.read_manifest().status == "complete"
    assert state_of(load(root, 3), tmp_path).startswith("other: ")


def test_without_the_key_no_state_stays(root: Path, tmp_path: Path) -> None:
    assert trained(load(root, 1, keep=False), tmp_path).checkpoints() == []


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("training.schedule.name=cosine", "the schedule cosine does not go on"),
        ("training.stack=2", "a stack of seeds does not go on"),
        ("probes=[{kind: path}]", "a run with probes does not go on"),
    ],
)
def test_what_depends_on_the_length_keeps_no_state(root: Path, override: str, said: str) -> None:
    with pytest.raises(BnbenchError, match=rf"training\.keep_state: {said}"):
        check_experiment(load(root, 2, override))
