"""Checkpoints: a run that was stopped goes on from its latest one, bit for bit.

A checkpoint is written beside, flushed and renamed after every epoch, and within long ones; the
one before it stays until then, so that at any instant one of them is whole. It ends in its own
SHA-256, and is read as tensors and plain values only: no file can run code. Before it is used it
is held against the logs, and against what a state of its run looks like.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import torch

from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.runs import BatchRows, EpochRow, LogSizes, Run, hash_of_start, written_whole
from bnbench.training.stored import MOST_BYTES, ForeignError, load_tensors

GENERATIONS = 2
ASIDE = "spoilt-"
_NAME = re.compile(r"checkpoint-([0-9]{5,})-([0-9]{9,})\.pt")


@dataclass
class Tally:
    """What the updates of the epoch under way have measured so far.

    Attributes
    ----------
    losses : list of float
        Of each batch, nats.
    examples : list of int
        In each batch.
    train_seconds, evaluation_seconds : float
        As in `EpochRow`.
    """

    losses: list[float] = field(default_factory=list)
    examples: list[int] = field(default_factory=list)
    train_seconds: float = 0.0
    evaluation_seconds: float = 0.0

    def add(self, rows: BatchRows) -> None:
        """Take in training batches."""
        self.losses += rows.losses.tolist()
        self.examples += rows.examples.tolist()


@dataclass(frozen=True)
class TrainingState:
    """What decides the training from here on; tensors are the live ones, not copies.

    Attributes
    ----------
    row : EpochRow or None
        Of the last whole epoch.
    step : int
        Optimizer steps so far.
    tally : Tally
        Of the epoch under way.
    model : dict
        Parameters and buffers by name.
    optimizer : dict
        The optimizer's own state.
    order_stream : Tensor of uint8
        Of the generator that orders the batches, before it ordered those of the epoch under way.
    global_stream : Tensor of uint8
        PyTorch's, on the CPU.
    looks : dict
        What the probes have seen; see `bnbench.training.looking.Looks.state`.
    """

    row: EpochRow | None
    step: int
    tally: Tally
    model: dict[str, Any]
    optimizer: dict[str, Any]
    order_stream: torch.Tensor
    global_stream: torch.Tensor
    looks: dict[str, Any] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """Whole epochs so far."""
        return self.row.epoch if self.row else 0


@dataclass(frozen=True)
class Checkpoint:
    """A training state, and the logs that belong to it.

    Attributes
    ----------
    hashes : dict of str to str
        Name of a log -> SHA-256, hex, of its bytes up to that size.
    """

    state: TrainingState
    sizes: LogSizes
    hashes: dict[str, str]


def epochs_kept(run: Run, epochs: int, batches: int) -> int:
    """Tell from the names of the checkpoints how many epochs need not be done again.

    No file is opened, so that 10,000 runs take no time. A name that is none of the run's steps is
    passed over; whatever else is wrong with a checkpoint shows when it is read.

    Parameters
    ----------
    epochs, batches : int
        Of the whole run; in one epoch.
    """
    for path in run.checkpoints():
        if name := _NAME.fullmatch(path.name):
            done, step = map(int, name.groups())
            if done <= epochs and done * batches <= step < (done + 1) * batches:
                return done
    return 0


def owner_of(
    configuration_hash: str, seed: int, dataset_hash: str, versions: Mapping[str, str]
) -> str:
    """Say whose a checkpoint is: copied into another run's folder, it must not be gone on with."""
    return json.dumps([configuration_hash, seed, dataset_hash, versions], sort_keys=True)


def save_checkpoint(run: Run, checkpoint: Checkpoint, owner: str) -> None:
    """Write a checkpoint whole, then remove those older than the one before it.

    `owner` is what `owner_of` says of the run.
    """
    state = checkpoint.state
    content = {
        "owner": owner,
        "sizes": asdict(checkpoint.sizes),
        "hashes": checkpoint.hashes,
        "state": {name: getattr(state, name) for name in TrainingState.__annotations__}
        | {"row": asdict(state.row) if state.row else None, "tally": asdict(state.tally)},
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    payload = buffer.getvalue()
    with written_whole(run.checkpoint(state.epochs, state.step)) as beside:
        beside.write_bytes(payload + hashlib.sha256(payload).digest())
    for old in run.checkpoints()[GENERATIONS:]:
        old.unlink()


def load_checkpoint(
    run: Run,
    owner: str,
    flaw: Callable[[TrainingState], str | None],
    refuse: Callable[[Path, str], object] = lambda *_: None,
    at_most: int | None = None,
) -> Checkpoint | None:
    """Read the latest checkpoint that is whole, of this run, goes with its logs, and is sound.

    Parameters
    ----------
    owner : str
        As `owner_of` says it.
    flaw : callable
        Says for what a state cannot be gone on with; see `bnbench.training.soundness.flaw`.
    refuse : callable, optional
        Called with each later one's path, and what is wrong with it.
    at_most : int, optional
        A step: pass over checkpoints after later ones.

    Returns
    -------
    Checkpoint or None
        ``None`` where there is none: the run starts over.
    """
    for path in run.checkpoints():
        try:
            found = _read(run, path, owner, flaw)
        except _Unusable as error:
            refuse(path, str(error))
        else:
            if at_most is None or found.state.step <= at_most:
                return found
    return None


def set_aside(path: Path) -> Path:
    """Rename a checkpoint that is not to be looked at again; it goes when its run has ended."""
    return path.replace(path.with_name(f"{ASIDE}{path.name}"))


class _Unusable(Exception):
    """Says what is wrong with a checkpoint."""


def _read(
    run: Run, path: Path, owner: str, flaw: Callable[[TrainingState], str | None]
) -> Checkpoint:
    content = _content(path)
    if content.get("owner") != owner:
        raise _Unusable("is of another run, or of other versions")
    try:
        checkpoint = _checkpoint(content)
        state = checkpoint.state
        if path != run.checkpoint(state.epochs, state.step):
            found_at = f"is of epoch {state.epochs}, step {state.step}"
            raise _Unusable(f"{found_at}, not what its name says")
        _refuse_other_logs(run, checkpoint)
        if found := flaw(state):
            raise _Unusable(f"cannot be gone on with: {found}")
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        # A forged one holds tensors where numbers belong, and PyTorch raises what it likes.
        raise _Unusable("is no checkpoint of this version") from None
    return checkpoint


def _checkpoint(content: dict[str, Any]) -> Checkpoint:
    try:
        sizes, state, hashes = content["sizes"], content["state"], content["hashes"]
        if {type(sizes), type(state), type(hashes)} != {dict}:
            raise TypeError
        checkpoint = Checkpoint(_state(**state), LogSizes(**sizes), hashes)
        of, losses = checkpoint.state, checkpoint.state.tally.losses
        numbers = [of.epochs, of.step, len(losses), *astuple(checkpoint.sizes)]
    except (KeyError, TypeError, ValueError):
        numbers = []
    if not numbers or any(type(number) is not int for number in numbers):
        raise _Unusable("is no checkpoint of this version")
    return checkpoint


def _state(row: dict[str, Any] | None, tally: dict[str, Any], **others: Any) -> TrainingState:
    return TrainingState(
        row=None if row is None else EpochRow(**row), tally=Tally(**tally), **others
    )


def _refuse_other_logs(run: Run, checkpoint: Checkpoint) -> None:
    """Refuse logs that do not hold all rows up to the checkpoint any more, or hold others."""
    sizes = checkpoint.sizes
    logs = [(run.batches, sizes.batches), (run.epochs, sizes.epochs)]
    if sizes.evaluations:
        logs.append((run.evaluations, sizes.evaluations))
    hashes = {path.name: hash_of_start(path, size) for path, size in logs}
    if shorter := ", ".join(name for name, found in hashes.items() if found is None):
        raise _Unusable(f"goes further than {shorter}")
    if edited := ", ".join(name for name in hashes if hashes[name] != checkpoint.hashes.get(name)):
        raise _Unusable(f"does not go with {edited}, which was edited")


def _content(path: Path) -> dict[str, Any]:
    try:
        stored = read_foreign(path, MOST_BYTES)
    except BnbenchError as error:
        raise _Unusable(str(error).removeprefix(f"{path}: ")) from None
    payload, digest = stored[:-32], stored[-32:]
    if hashlib.sha256(payload).digest() != digest:
        raise _Unusable("is not whole")
    try:
        content = load_tensors(payload)
    except ForeignError:
        content = None
    if not isinstance(content, dict):
        raise _Unusable("holds more, or less, than tensors and numbers by name")
    return content


def remove_checkpoints(run: Run, but: int = 0) -> None:
    """Remove what a finished run no longer needs; the latest `but` of its states stay."""
    for path in (*run.checkpoints()[but:], *run.path.glob(f"{ASIDE}*")):
        path.unlink()
