"""The device of a run, and the settings of PyTorch that decide the bits of a sum."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from bnbench.config import Experiment
from bnbench.data import Split, Splits
from bnbench.errors import BnbenchError


def resolve_device(experiment: Experiment) -> torch.device:
    """Choose the device that ``training.device`` names.

    Returns
    -------
    torch.device
        For ``auto``: CUDA where there is one, else MPS, else the CPU.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    wanted = experiment.training.device
    if wanted == "auto":
        return torch.device(next(name for name, usable in available.items() if usable))
    if not available[wanted]:
        raise BnbenchError(
            f"{experiment.place('training.device')}: PyTorch finds no {wanted} device here;"
            " use cpu or auto"
        )
    return torch.device(wanted)


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Fix the number of CPU threads and ask CUDA's libraries for exact, repeatable float32.

    What was set before is restored at the end (but not PyTorch's global stream, which a run seeds).
    """
    # cuBLAS reads it when it starts, and promises equal bits for equal calls only with it.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_num_threads()
    cudnn = torch.backends.cudnn
    torch.set_num_threads(threads)
    try:
        with cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_num_threads(before)


def on_device(splits: Splits, device: torch.device) -> Splits:
    """Move all images and labels to a device; on the CPU nothing is copied."""

    def move(split: Split) -> Split:
        return Split(split.images.to(device), split.labels.to(device))

    return replace(
        splits,
        train=move(splits.train),
        validation=move(splits.validation),
        test=None if splits.test is None else move(splits.test),
    )


def random_stream(device: torch.device) -> torch.Tensor:
    """Copy the state of PyTorch's global stream, of the device that a training draws from."""
    if device.type == "mps":
        return torch.mps.get_rng_state()
    return torch.cuda.get_rng_state() if device.type == "cuda" else torch.get_rng_state()


def set_random_stream(device: torch.device, state: torch.Tensor) -> None:
    """Put the state of a `random_stream` back."""
    if device.type == "cuda":
        torch.cuda.set_rng_state(state)
    elif device.type == "mps":
        torch.mps.set_rng_state(state)
    else:
        torch.set_rng_state(state)
