"""Whether a training state can be gone on with: its shapes and types, and numbers that add up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from math import isfinite
from typing import Any

import torch

from bnbench.config import Experiment
from bnbench.models import Network, build_model, resolve_model
from bnbench.runs import EpochRow
from bnbench.training.checkpoint import Tally, TrainingState
from bnbench.training.optimizer import build_optimizer, flatten_parameters, take_step

MOST_COUNTED = 1 << 24
"""Adam counts its steps in a float32, which stays there when 1 is added."""

KERNELS = (".fused", ".capturable")
"""Settings of an optimizer that follow from the device, and change no formula."""
CUDA_STREAM = "torch.uint8 (16,)"
"""A seed and an offset, of 8 bytes each."""


@dataclass(frozen=True)
class Pattern:
    """What all training states of a run have in common.

    Attributes
    ----------
    model, optimizer : dict
        The state of an untrained model, and of its optimizer after one step: names, shapes and
        settings count, numbers do not.
    epochs, batches, batch_size : int
        Of the run; in an epoch; examples in a batch.
    device : str
        ``cpu``, ``cuda`` or ``mps``.
    periods : dict of str to int
        Kind of probe -> steps between two looks.
    """

    model: dict[str, Any]
    optimizer: dict[str, Any]
    epochs: int
    batches: int
    batch_size: int
    device: str
    periods: dict[str, int]


def untrained(experiment: Experiment, num_classes: int) -> Network:
    """Build an experiment's model on the CPU; the global random stream is left alone."""
    with torch.random.fork_rng(devices=[]):
        return build_model(resolve_model(experiment), num_classes)


def pattern(experiment: Experiment, num_classes: int, batches: int, device: str) -> Pattern:
    """Build what a run's states must look like.

    Parameters
    ----------
    batches : int
        Optimizer steps of an epoch.
    device : str
        On which the run was, or is; the pattern is built on the CPU.
    """
    settings, model = experiment.training, untrained(experiment, num_classes)
    optimizer = build_optimizer(flatten_parameters(model), settings.optimizer)
    take_step(optimizer)  # before the first one it has no state
    return Pattern(
        model.state_dict(),
        optimizer.state_dict(),
        settings.epochs,
        batches,
        settings.batch_size,
        device,
        {probe.kind: probe.every for probe in experiment.probes},
    )


def flaw(state: TrainingState, wanted: Pattern) -> str | None:
    """Name the first thing for which a training state cannot be gone on with.

    A NaN in a model is one, though training may leave it there within an epoch: the loss of the
    next batch ends such a run, and ends it as well when it goes on from the state before.
    """
    flaws = chain(
        _tensors(state.model, wanted.model, "model"),
        _tensors(state.optimizer, wanted.optimizer, "optimizer"),
        _streams(state, wanted.device),
        _tally(state.tally, wanted.batch_size),
        _position(state, wanted),
        _looks(state, wanted.periods),
    )
    return next(flaws, None)


def form(value: object) -> str:
    """Describe a tensor's type, layout and shape, in words to compare."""
    if not isinstance(value, torch.Tensor):
        return "nothing" if value is None else "no tensor"
    dense = "" if value.layout == torch.strided else f" {value.layout}"
    where = "" if value.device.type == "cpu" else f" on {value.device}"
    return f"{value.dtype}{dense}{where} {tuple(value.shape)}"


def _tensors(found: Any, wanted: Any, name: str) -> Iterator[str]:
    """Compare trees of tensors and settings; of tensors only the form, and that none is NaN."""
    if isinstance(wanted, torch.Tensor):
        if form(found) != form(wanted):
            yield f"{name} is {form(found)}, not {form(wanted)}"
        elif found.isnan().any():
            yield f"{name} holds NaN"
    elif isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        yield from _tensors(dict(enumerate(found)), dict(enumerate(wanted)), name)
    elif isinstance(wanted, dict) and isinstance(found, dict):
        if names := sorted(map(str, found.keys() ^ wanted.keys())):
            yield f"{name} has, or lacks, {', '.join(names)[:80]}"
            return
        for key in wanted:
            yield from _tensors(found[key], wanted[key], f"{name}.{key}")
    elif type(found) is not type(wanted):
        yield f"{name} is of another type"
    elif found != wanted and not name.endswith(KERNELS):
        yield f"{name} is {str(found)[:40]}, not {wanted}"


def _streams(state: TrainingState, device: str) -> Iterator[str]:
    """Check the random streams; see `bnbench.training.device.random_stream` on the global one."""
    if not _is_stream(state.order_stream):
        yield "order_stream is no state of a random generator"
    stream = state.global_stream
    sound = {"cuda": _is_of_cuda, "mps": _is_of_mps}.get(device, _is_stream)
    if not sound(stream):
        yield f"global_stream is no state of a random generator of the device {device}"


def _is_of_cuda(state: torch.Tensor) -> bool:
    return form(state) == CUDA_STREAM


def _is_of_mps(state: torch.Tensor) -> bool:
    """Take any few bytes: no such device was at hand, to count them."""
    return form(state).startswith("torch.uint8 (") and state.numel() < 5_056


def _is_stream(state: torch.Tensor) -> bool:
    if form(state) != form(torch.Generator().get_state()):  # set_state reads any size
        return False
    try:
        torch.Generator().set_state(state)
    except (RuntimeError, TypeError):
        return False
    return True


def _tally(tally: Tally, batch_size: int) -> Iterator[str]:
    """Check the batches of an epoch under way, in which none is smaller."""
    if {type(tally.losses), type(tally.examples)} != {list}:
        yield "tally holds no lists"
        return
    numbers = [*tally.losses, tally.train_seconds, tally.evaluation_seconds]
    if any(type(number) is not float or not isfinite(number) for number in numbers):
        yield "tally holds what is no finite number"
    if any(type(examples) is not int for examples in tally.examples) or (
        tally.examples != [batch_size] * len(tally.losses)
    ):
        yield f"tally holds other batches than {len(tally.losses)} of {batch_size} examples"


def _position(state: TrainingState, wanted: Pattern) -> Iterator[str]:
    batches = len(state.tally.losses)
    if state.row and not _is_row(state.row):
        yield "row is no row of epochs.csv"
    if state.step != state.epochs * wanted.batches + batches:
        yield f"step {state.step} is not {batches} after epoch {state.epochs} of {wanted.batches}"
    if not 0 <= state.epochs + bool(batches) <= wanted.epochs or batches >= wanted.batches:
        yield f"epoch {state.epochs} and {batches} steps are none of {wanted.epochs} epochs"
    for moments in state.optimizer["state"].values():
        if "step" in moments and moments["step"] != min(state.step, MOST_COUNTED):
            yield f"optimizer has done {moments['step']:.0f} steps, not {state.step}"


def _looks(state: TrainingState, periods: dict[str, int]) -> Iterator[str]:
    """Check what the probes have seen: one look before the first step, and one a period."""
    if type(state.looks) is not dict or state.looks.keys() != periods.keys():
        yield "looks are of other probes"
        return
    for kind, every in periods.items():
        if not _are_looks(state.looks[kind], 1 + state.step // every):
            yield f"looks.{kind} does not hold {1 + state.step // every} looks"


def _are_looks(found: Any, count: int) -> bool:
    if not isinstance(found, dict) or found.keys() != {"seen", "kept", "seconds"}:
        return False
    seen, kept = found["seen"], found["kept"]
    if not isinstance(seen, dict) or not isinstance(kept, dict) or not seen:
        return False
    tensors = (*seen.values(), *kept.values())
    return (
        all(isinstance(tensor, torch.Tensor) for tensor in tensors)
        and {(tensor.dtype, len(tensor) if tensor.dim() else 0) for tensor in seen.values()}
        == {(torch.float32, count)}
        and type(found["seconds"]) is float
    )


def _is_row(row: EpochRow) -> bool:
    return row.epoch >= 1 and all(
        type(getattr(row, column.name)).__name__ == column.type for column in fields(row)
    )
