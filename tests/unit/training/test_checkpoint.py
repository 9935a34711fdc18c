"""Checkpoints: whole or not used, of this configuration, and never code."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from bnbench.runs import EpochRow, LogSizes, Run
from bnbench.training.checkpoint import (
    Checkpoint,
    Tally,
    TrainingState,
    epochs_kept,
    load_checkpoint,
    owner_of,
    remove_checkpoints,
    save_checkpoint,
    set_aside,
)
from tests.edits import Hostile, content_of, saved, whole


def checkpoint(epoch: int) -> Checkpoint:
    row = EpochRow(epoch, 0.1, 0.2, 0.3, 0.4, 1e-3, 1.0, 2.0, 0.5, training_mode=True)
    parameter = torch.nn.Parameter(torch.arange(3.0))
    parameter.grad = torch.ones(3)
    optimizer = torch.optim.Adam([parameter])
    optimizer.step()
    state = TrainingState(
        row=row,
        step=7 * epoch,
        tally=Tally([0.5], [64], 1.0, 0.25),
        model={"weight": parameter.detach()},
        optimizer=optimizer.state_dict(),
        order_stream=torch.Generator().get_state(),
        global_stream=torch.get_rng_state(),
    )
    return with_sizes(state, 10 * epoch, epoch)


def with_sizes(state: TrainingState, batches: int, epochs: int, evaluations: int = 0) -> Checkpoint:
    """Say that the logs are so many times the letter x."""
    hashes = {"batches.csv": sha256(b"x" * batches), "epochs.csv": sha256(b"x" * epochs)}
    return Checkpoint(state, LogSizes(batches, epochs, evaluations), hashes)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sound(_: TrainingState) -> None:
    """Find no flaw: tests/unit/training/test_soundness.py is about them."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path)
    run.batches.write_bytes(b"x" * 100)
    run.epochs.write_bytes(b"x" * 100)
    return run


def test_what_is_saved_is_loaded(run: Run) -> None:
    saved = checkpoint(3)
    save_checkpoint(run, saved, "hash")
    loaded = load_checkpoint(run, "hash", sound)
    assert loaded is not None
    assert loaded.sizes == saved.sizes
    assert loaded.state.row == saved.state.row
    assert loaded.state.step == 21
    assert torch.equal(loaded.state.model["weight"], saved.state.model["weight"])
    moments = loaded.state.optimizer["state"][0]["exp_avg"]
    assert torch.equal(moments, saved.state.optimizer["state"][0]["exp_avg"])
    assert loaded.hashes == saved.hashes
    assert epochs_kept(run, epochs=10, batches=7) == 3


def test_two_generations_are_kept(run: Run) -> None:
    for epoch in range(1, 13):
        save_checkpoint(run, checkpoint(epoch), "hash")
    assert [path.name for path in run.checkpoints()] == [
        "checkpoint-00012-000000084.pt",
        "checkpoint-00011-000000077.pt",
    ]
    remove_checkpoints(run)
    assert run.checkpoints() == []
    assert load_checkpoint(run, "hash", sound) is None


def spoil_by_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def spoil_by_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_by_nothing(path: Path) -> None:
    path.write_bytes(b"")


def taken(
    run: Run, owner: str = "hash", flaw: Callable[[TrainingState], str | None] = sound
) -> tuple[int | None, dict[Path, str]]:
    """Load a checkpoint, and give its epochs, and those that were refused with the reason."""
    refused: dict[Path, str] = {}
    loaded = load_checkpoint(run, owner, flaw, refused.__setitem__)
    return loaded.state.epochs if loaded else None, refused


@pytest.mark.parametrize("spoil", [spoil_by_a_bit, spoil_by_half, spoil_by_nothing])
def test_a_spoilt_checkpoint_gives_way_to_the_one_before(run: Run, spoil: Any) -> None:
    for epoch in (1, 2):
        save_checkpoint(run, checkpoint(epoch), "hash")
    spoil(run.checkpoint(2, 14))
    assert taken(run) == (1, {run.checkpoint(2, 14): "is not whole"})


def refusal(run: Run, owner: str = "hash") -> str:
    """Say why the only checkpoint of a run is not taken."""
    epochs, refused = taken(run, owner)
    assert epochs is None
    ((path, why),) = refused.items()
    assert path == run.checkpoint(1, 7)
    return why


def test_another_run_s_is_not_taken(run: Run) -> None:
    ours = owner_of("hash", 0, "data", {"torch": "2", "python": "3"})
    save_checkpoint(run, checkpoint(1), ours)
    same = owner_of("hash", 0, "data", {"python": "3", "torch": "2"})
    assert load_checkpoint(run, same, sound)
    for other in (
        owner_of("hsah", 0, "data", {"torch": "2", "python": "3"}),
        owner_of("hash", 1, "data", {"torch": "2", "python": "3"}),
        owner_of("hash", 0, "date", {"torch": "2", "python": "3"}),
        owner_of("hash", 0, "data", {"torch": "3", "python": "3"}),
    ):
        assert refusal(run, other) == "is of another run, or of other versions"


def write(path: Path, content: Any) -> None:
    """Write anything as a checkpoint that is whole."""
    path.write_bytes(whole(saved(content)))


@pytest.mark.parametrize(
    "foreign",
    [
        {"sizes": None},
        {"sizes": {"batches": 1, "epochs": 1, "colours": 1}},
        {"sizes": {"batches": "10", "epochs": 1}},
        {"sizes": {"batches": 10.0, "epochs": 1}},
        {"sizes": {"batches": 10, "epochs": True}},
        {"hashes": None},
        {"hashes": "batches.csv"},
        {"state": 7},
        {"state": {}},
        {"state": {"row": {"epoch": 1}}},
    ],
)
def test_foreign_content_is_told_apart(run: Run, foreign: dict[str, Any]) -> None:
    save_checkpoint(run, checkpoint(1), "hash")
    content = content_of(run.checkpoint(1, 7))
    write(run.checkpoint(1, 7), content)
    assert load_checkpoint(run, "hash", sound) is not None  # nothing else is wrong with it
    write(run.checkpoint(1, 7), content | foreign)
    assert refusal(run) == "is no checkpoint of this version"


@pytest.mark.parametrize("foreign", [[1, 2], "hash", torch.ones(3)])
def test_what_is_no_table_is_no_checkpoint(run: Run, foreign: Any) -> None:
    write(run.checkpoint(1, 7), foreign)
    assert refusal(run) == "holds more, or less, than tensors and numbers by name"


def test_one_set_aside_is_not_looked_at_again_and_goes_in_the_end(run: Run) -> None:
    for epoch in (1, 2):
        save_checkpoint(run, checkpoint(epoch), "hash")
    aside = set_aside(run.checkpoint(2, 14))
    assert run.checkpoints() == [run.checkpoint(1, 7)]
    assert aside.exists()
    remove_checkpoints(run)
    assert sorted(path.name for path in run.path.iterdir()) == ["batches.csv", "epochs.csv"]


def test_logs_shorter_than_the_checkpoint_says(run: Run) -> None:
    save_checkpoint(run, checkpoint(1), "hash")
    save_checkpoint(run, with_sizes(checkpoint(2).state, 101, 2), "hash")
    assert taken(run) == (1, {run.checkpoint(2, 14): "goes further than batches.csv"})
    run.epochs.unlink()
    run.checkpoint(2, 14).unlink()
    assert refusal(run) == "goes further than epochs.csv"


def test_logs_that_were_edited_up_to_the_checkpoint(run: Run) -> None:
    """What follows it may be anything: it is cut off."""
    for epoch in (1, 2):
        save_checkpoint(run, checkpoint(epoch), "hash")
    run.batches.write_bytes(b"x" * 20 + b"y" * 80)
    assert taken(run) == (2, {})
    run.batches.write_bytes(b"x" * 19 + b"y" * 81)
    said = "does not go with batches.csv, which was edited"
    assert taken(run) == (1, {run.checkpoint(2, 14): said})


def test_an_earlier_version_s_is_not_taken(run: Run) -> None:
    """It had no hashes of the logs."""
    save_checkpoint(run, checkpoint(1), "hash")
    content = content_of(run.checkpoint(1, 7))
    del content["hashes"]
    write(run.checkpoint(1, 7), content)
    assert "this version" in refusal(run)


def test_one_that_is_named_after_another_step(run: Run) -> None:
    save_checkpoint(run, checkpoint(1), "hash")
    forged = run.checkpoint(1, 7).rename(run.checkpoint(9, 63))
    assert taken(run) == (None, {forged: "is of epoch 1, step 7, not what its name says"})


def test_a_flaw_is_told(run: Run) -> None:
    save_checkpoint(run, checkpoint(1), "hash")
    told = taken(run, flaw=lambda state: f"{state.step} is odd")
    assert told == (None, {run.checkpoint(1, 7): "cannot be gone on with: 7 is odd"})


@pytest.mark.parametrize(
    "stray",
    [
        "checkpoint-99999-000000001.pt",  # no epoch of it
        "checkpoint-00005-000000035.pt",  # the run has 4
        "checkpoint-00003-000000020.pt",  # epoch 3 ends at step 21
        "checkpoint-00003-000000028.pt",  # that is epoch 4
        "checkpoint-00003-000000021-copy.pt",
        "checkpoint-\u0660\u0660\u0660\u0660\u0663-000000021.pt",  # decimal digits, and no ASCII
        "checkpoint-latest.pt",
        "checkpoint-.pt",
    ],
)
def test_the_name_of_a_stray_file_counts_for_nothing(run: Run, stray: str) -> None:
    (run.path / stray).touch()
    assert epochs_kept(run, epochs=4, batches=7) == 0
    run.checkpoint(2, 14).touch()
    assert epochs_kept(run, epochs=4, batches=7) == 2
    run.checkpoint(2, 20).touch()  # within the third epoch
    assert epochs_kept(run, epochs=4, batches=7) == 2
    run.checkpoint(4, 28).touch()
    assert epochs_kept(run, epochs=4, batches=7) == 4


def test_sizes_below_nothing_cover_nothing(run: Run) -> None:
    save_checkpoint(run, with_sizes(checkpoint(1).state, 10, 1, -1), "hash")
    assert refusal(run) == "goes further than evaluations.csv"


def test_a_hostile_pickle_runs_nothing(run: Run, tmp_path: Path) -> None:
    ours = saved({"owner": "hash", "state": Hostile(tmp_path / "ran")})
    plain = pickle.dumps(Hostile(tmp_path / "ran"), protocol=2)  # torch.load's own protocol
    for payload in (ours, plain):
        run.checkpoint(1, 7).write_bytes(whole(payload))
        assert load_checkpoint(run, "hash", sound) is None
    assert not (tmp_path / "ran").exists()
    pickle.loads(plain)  # it would have
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["dangling", "folder", "tensor as row", "tensor as state"])
def test_one_that_cannot_be_read_gives_way_to_the_one_before(run: Run, kind: str) -> None:
    save_checkpoint(run, checkpoint(3), "hash")
    save_checkpoint(run, checkpoint(4), "hash")
    path = run.checkpoint(4, 28)
    if kind.startswith("tensor"):
        content: dict[str, Any] = torch.load(path, weights_only=True)
        forged = torch.zeros(1).expand(1 << 40, 2)  # to go through it would take all memory
        content["state"] = {**content["state"], "row": forged} if "row" in kind else forged
        write(path, content)
    else:
        path.unlink()
    if kind == "folder":
        path.mkdir()
    if kind == "dangling":
        path.symlink_to("nothing")
    loaded = load_checkpoint(run, "hash", sound)
    assert loaded is not None
    assert loaded.state.step == 21
    remove_checkpoints(run)
    assert run.checkpoints() == []
