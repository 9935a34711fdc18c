"""What computes a run's convolutions: chosen by rule, and said in its manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Literal

import torch
from torch import nn

from bnbench.config import Experiment, TrainingSettings
from bnbench.errors import BnbenchError
from bnbench.models.batch_last import can_use_batch_last
from bnbench.runs import TORCH
from bnbench.training.soundness import untrained

Kernels = Literal["torch", "batch_last"]


def choose_kernels(network: nn.Module, settings: TrainingSettings, device: str) -> Kernels:
    """Choose what computes a network's convolutions; no timing has a say in it.

    Parameters
    ----------
    device : str
        ``cpu``, ``cuda`` or ``mps``.
    """
    if settings.kernels == "torch":
        return "torch"
    obstacle = _obstacle(network, settings, device)
    if settings.kernels == "batch_last" and obstacle:
        raise BnbenchError(f"training.kernels: batch_last {obstacle}; set it to auto or torch")
    return "torch" if obstacle else "batch_last"


def _obstacle(network: nn.Module, settings: TrainingSettings, device: str) -> str | None:
    if device != "cpu":
        return f"is for a CPU, not for {device}"
    if settings.stack is not None:
        return "is for a seed by itself, not for training.stack"
    if not can_use_batch_last(network):
        return "has no kernels for a layer of this architecture, or it has no convolution"
    if settings.kernels == "auto" and not _is_measured():
        return "has been measured on x86 with AVX2 or AVX-512 alone"
    return None


def _is_measured() -> bool:
    """Tell whether the kernels have been seen to be faster on processors like this one."""
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


@contextmanager
def threads_of(kernels: Kernels, threads: int) -> Iterator[None]:
    """Let a run's threads work in its kernels, within `bnbench.training.device.reproducible`.

    PyTorch's threads wait for each other at every operator; beside a team they would be in its way.
    """
    cores = os.cpu_count() or 1
    if kernels == "torch" and threads > cores:  # fewer would be other bits
        raise BnbenchError(
            f"training.threads: {threads} threads of PyTorch on {cores} cores would wait for each"
            f" other; set it to {cores} at most"
        )
    if kernels == "torch" or threads == 1:
        yield
        return
    from bnbench.kernels.team import team

    torch.set_num_threads(1)
    with team(threads):
        yield


def resolve_kernels(experiment: Experiment, device: str) -> str:
    """Name what computes an experiment's convolutions here, with the version of the compiler.

    Parameters
    ----------
    experiment : Experiment
        Checked.
    """
    network = untrained(experiment, num_classes=2)
    if choose_kernels(network, experiment.training, device) == "torch":
        return TORCH
    return f"batch_last (numba {metadata.version('numba')})"
