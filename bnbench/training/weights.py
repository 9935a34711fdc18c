"""``weights.pt``: a run's parameters and buffers by name."""

from __future__ import annotations

import io
from collections.abc import Mapping

import torch

from bnbench.errors import BnbenchError
from bnbench.runs import Run, written_whole


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
    """Read a run's weights; tensors and nothing else, so that no file can run code.

    Raises
    ------
    BnbenchError
        If the file is missing or is no such file.
    """
    try:
        weights: dict[str, torch.Tensor] = torch.load(
            run.weights, map_location="cpu", weights_only=True
        )
    except FileNotFoundError:
        raise BnbenchError(f"{run.weights}: is missing; was the run completed?") from None
    except Exception as error:  # noqa: BLE001 - torch.load raises what it likes on a bad file
        why = str(error).partition("\n")[0]  # PyTorch goes on with advice to load it as code
        raise BnbenchError(f"{run.weights}: are no weights of bnbench ({why})") from None
    return weights
