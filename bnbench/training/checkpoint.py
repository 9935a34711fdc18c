"""Checkpoints: a run that was stopped goes on from its latest one, bit for bit.

A checkpoint is written beside, flushed and renamed after every epoch, and within long ones; the
one before it stays until then, so that at any instant one of them is whole. It ends in its own
SHA-256, and is read as tensors and plain values only: no file can run code.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from bnbench.runs import BatchRows, EpochRow, LogSizes, Run, written_whole

GENERATIONS = 2


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
    """

    row: EpochRow | None
    step: int
    tally: Tally
    model: dict[str, Any]
    optimizer: dict[str, Any]
    order_stream: torch.Tensor
    global_stream: torch.Tensor

    @property
    def epochs(self) -> int:
        """Whole epochs so far."""
        return self.row.epoch if self.row else 0


@dataclass(frozen=True)
class Checkpoint:
    """A training state, and the sizes of the logs that belong to it."""

    state: TrainingState
    sizes: LogSizes


def epochs_kept(run: Run) -> int:
    """Tell from the name of the latest checkpoint how many epochs need not be done again."""
    epochs = [path.stem.split("-")[1] for path in run.checkpoints()]
    return int(epochs[0]) if epochs and epochs[0].isdecimal() else 0


def save_checkpoint(run: Run, checkpoint: Checkpoint, configuration_hash: str) -> None:
    """Write a checkpoint whole, then remove those older than the one before it."""
    state = checkpoint.state
    content = {
        "configuration_hash": configuration_hash,
        "sizes": asdict(checkpoint.sizes),
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


def load_checkpoint(run: Run, configuration_hash: str) -> Checkpoint | None:
    """Read the latest checkpoint that is whole, of this configuration, and covered by the logs.

    Returns
    -------
    Checkpoint or None
        ``None`` where there is none: the run starts over.
    """
    for path in run.checkpoints():
        content = _content(path)
        if content is None or content.get("configuration_hash") != configuration_hash:
            continue
        sizes = LogSizes(**content["sizes"])
        if _covered(run, sizes):
            return Checkpoint(_state(**content["state"]), sizes)
    return None


def _state(row: dict[str, Any] | None, tally: dict[str, Any], **others: Any) -> TrainingState:
    return TrainingState(row=EpochRow(**row) if row else None, tally=Tally(**tally), **others)


def _covered(run: Run, sizes: LogSizes) -> bool:
    """Tell whether the logs still hold all rows up to the checkpoint."""
    logs = [(run.batches, sizes.batches), (run.epochs, sizes.epochs)]
    if sizes.evaluations:
        logs.append((run.evaluations, sizes.evaluations))
    return all(path.is_file() and path.stat().st_size >= size for path, size in logs)


def _content(path: Path) -> dict[str, Any] | None:
    stored = path.read_bytes()
    payload, digest = stored[:-32], stored[-32:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    try:
        content = torch.load(io.BytesIO(payload), map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError):
        return None
    complete = isinstance(content, dict) and {"sizes", "state"} <= content.keys()
    return content if complete else None


def remove_checkpoints(run: Run) -> None:
    """Remove what a finished run no longer needs."""
    for path in run.checkpoints():
        path.unlink()
