"""``weights.pt``: a run's parameters and buffers by name."""

from __future__ import annotations

import io
from collections.abc import Mapping

import torch

from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.runs import Run, written_whole
from bnbench.training.stored import MOST_BYTES, ForeignError, load_tensors


def save_weights(run: Run, weights: Mapping[str, torch.Tensor]) -> None:
    """Write parameters and buffers; each copied, since parameters are views of one vector."""
    tensors = {name: value.cpu().clone() for name, value in weights.items()}
    # Into memory first: given a path, torch.save writes its name into the file, and equal weights
    # would be unequal bytes; given a file, it makes a RuntimeError of a full disk.
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    with written_whole(run.weights) as beside:
        beside.write_bytes(buffer.getvalue())


def load_weights(run: Run) -> dict[str, torch.Tensor]:
    """Read a run's weights; tensors by name and nothing else, so that no file can run code."""
    try:
        weights = load_tensors(read_foreign(run.weights, MOST_BYTES))
    except ForeignError as error:
        raise BnbenchError(f"{run.weights}: are no weights of bnbench ({error})") from None
    if not isinstance(weights, dict):
        raise BnbenchError(f"{run.weights}: holds no tensors by name")
    return weights
