"""Which Ray cluster a command's runs go to, and the connection to it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import torch

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.execution.ray_workers import RayWorkers


@dataclass(frozen=True)
class RayCluster:
    """A cluster, and what a run takes of it besides a CPU for each of its threads.

    Attributes
    ----------
    address : str or None
        Such as ``10.0.0.1:6379``; ``None``: that in ``RAY_ADDRESS``, else the cluster of which
        this machine is a node.
    gpus_per_run : float
        A fraction, or a whole number.
    """

    address: str | None = None
    gpus_per_run: float = 0.0

    @contextmanager
    def connected(self) -> Iterator[RayWorkers]:
        """Connect to the cluster, unless this process is connected already."""
        if self.gpus_per_run > 1 and self.gpus_per_run % 1:
            raise BnbenchError("--gpus-per-run: give a fraction of one GPU, or a whole number")
        ray = _import_ray()
        connect = not ray.is_initialized()
        if connect:
            _connect(ray, self.address or os.environ.get("RAY_ADDRESS") or "auto")
        try:
            yield RayWorkers(ray, self.gpus_per_run, self.device_of)
        finally:
            if connect:
                ray.shutdown()

    def device_of(self, experiment: Experiment) -> torch.device:
        """Choose the device that ``training.device`` names on a node, whatever there is here."""
        wanted, given = experiment.training.device, "cuda" if self.gpus_per_run else "cpu"
        if wanted not in ("auto", "cpu", given):
            raise BnbenchError(
                f"{experiment.place('training.device')}: is {wanted}, and --gpus-per-run"
                f" {self.gpus_per_run:g} gives a run on Ray {given}"
            )
        return torch.device(given if wanted == "auto" else wanted)


def _import_ray() -> Any:
    try:
        return import_module("ray")
    except ImportError:
        raise BnbenchError("--executor ray: pip install 'bnbench[ray]', on all nodes") from None


def _connect(ray: Any, address: str) -> None:
    if address.startswith("ray://"):
        raise BnbenchError(
            f"--ray-address {address}: Ray's client tells nothing of a run that is under way;"
            " run the command on a node of the cluster, with the address <host>:6379 or none"
        )
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BnbenchError(
            f"--ray-address {address}: {str(error).splitlines()[0]};"
            " `ray start --head` makes a cluster of this machine"
        ) from None
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own ends the command with another code
