"""Runs on the nodes of a Ray cluster; their results are written by this machine alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.execution.ending import mark_ended
from bnbench.execution.pool import STOP_SECONDS
from bnbench.execution.ray_data import DataParcel, pack
from bnbench.execution.ray_node import conditions, run_on_node
from bnbench.execution.run_files import Changes, read_files, write_changes
from bnbench.execution.tasks import Ended, Event, Task
from bnbench.runs import Run, locked


@dataclass(frozen=True)
class _Remote:
    """A run, or a stack of them, that a node does, or will do."""

    task: Task
    slot: int
    stream: Any
    """Of references to what `run_on_node` yields."""
    locks: ExitStack

    def close(self, end: Ended | None = None) -> None:
        """Leave it to others, with a manifest that says how it ended if its node could not."""
        for run in self.task.runs:
            if end is not None and end.status == "failed":
                mark_ended(run, "failed", end.message.strip().splitlines()[-1])
            else:
                mark_ended(run, "interrupted")
        self.locks.close()


class RayWorkers:
    """Workers of a Ray cluster; see `bnbench.execution.tasks.Workers`.

    A run whose node dies is ``lost``. What it had sent is in its directory here; from there it
    can go on.

    Parameters
    ----------
    ray : module
        Connected.
    device_of : callable
        Experiment -> the device that its runs get on a node.
    """

    def __init__(
        self, ray: Any, gpus_per_run: float, device_of: Callable[[Experiment], torch.device]
    ) -> None:
        self._ray = ray
        self._gpus = gpus_per_run
        self._device_of = device_of
        self._active: dict[int, _Remote] = {}
        self._refused: list[Event] = []
        self._parcels: dict[str, DataParcel | None] = {}

    def capacity(self, tasks: Sequence[Task]) -> int:
        """Count the runs that all nodes together have CPUs and GPUs for.

        A run that no node has enough for would wait for ever, and is refused.
        """
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        for task in tasks:
            if not any(self._places(node, task) for node in nodes):
                raise BnbenchError(
                    f"{task.name}: needs {task.experiment.training.threads} CPUs and"
                    f" {self._gpus:g} GPUs of one node, and no node of the Ray cluster has them;"
                    " see training.threads and --gpus-per-run"
                )
        return max(1, sum(min(self._places(node, task) for task in tasks) for node in nodes))

    def _places(self, node: dict[str, float], task: Task) -> int:
        places = node.get("CPU", 0) // task.experiment.training.threads
        return int(min(places, node.get("GPU", 0) // self._gpus) if self._gpus else places)

    def start(self, task: Task, slot: int) -> None:
        """Hand a run to the cluster; its directory here stays locked until it has ended."""
        with ExitStack() as locks:
            try:
                for run in task.runs:
                    locks.enter_context(locked(run))
                stream = self._stream(task, slot)
            except BnbenchError as error:
                self._refused.append(Ended(task, slot, "refused", str(error)))
                return
            self._active[slot] = _Remote(task, slot, stream, locks.pop_all())

    def _stream(self, task: Task, slot: int) -> Any:
        on_node = self._ray.remote(
            num_cpus=task.experiment.training.threads,
            num_gpus=self._gpus,
            max_retries=0,  # Ray's own would start over; ours goes on from what was sent
            max_calls=1,  # a process of its own for every run
        )(run_on_node)
        data = task.experiment.data
        if data.dataset not in self._parcels:
            self._parcels[data.dataset] = pack(self._ray, data, task.data_dir)
        return on_node.remote(
            task,
            slot,
            [{} if task.fresh else read_files(run) for run in task.runs],
            self._parcels[data.dataset],
            conditions(task.experiment, self._device_of(task.experiment)),
        )

    def events(self, seconds: float | None) -> list[Event]:
        """Wait for what a node says, and write the files that it sends."""
        if self._refused:
            refused, self._refused = self._refused, []
            return refused
        streams = {remote.stream: remote for remote in self._active.values()}
        ready, _ = self._ray.wait(list(streams), timeout=seconds)
        events = [event for stream in ready if (event := self._next(streams[stream])) is not None]
        for event in events:
            if isinstance(event, Ended):
                self._active.pop(event.slot).close(event)
        return events

    def _next(self, remote: _Remote) -> Event | None:
        """Take the next thing that a run's node has sent."""
        try:
            sent: Event | Changes = self._ray.get(next(remote.stream))
            if not isinstance(sent, Changes):
                return sent
            write_changes(_run_of(remote.task, sent), sent)
        except StopIteration:
            return _failed(remote, "ended without a result")
        except self._ray.exceptions.RayError as error:  # first: it may be an OSError of the node's
            return self._broken(remote, error)
        except (OSError, BnbenchError) as error:  # this machine's disk is full, or a node lies
            self._cancel([remote])
            return _failed(remote, f"its results cannot be written: {error}")
        return None

    def _broken(self, remote: _Remote, error: Exception) -> Ended:
        errors = self._ray.exceptions
        if isinstance(error, errors.RayTaskError):
            return _failed(remote, str(error))
        cause = str(error).splitlines()[0]
        if isinstance(error, errors.NodeDiedError | errors.ObjectLostError):
            return Ended(remote.task, remote.slot, "lost", cause)
        return _failed(remote, cause)

    def stop(self, slots: Iterable[int]) -> None:
        """End runs; of an epoch that is not whole nothing is kept."""
        remotes = [self._active.pop(slot) for slot in slots if slot in self._active]
        self._cancel(remotes)
        for remote in remotes:
            remote.close()

    def _cancel(self, remotes: Sequence[_Remote]) -> None:
        """Interrupt runs, so that nodes can clear up after them; then kill what is still there."""
        ends = {remote.stream.completed(): remote.stream for remote in remotes}
        for stream in ends.values():
            self._ray.cancel(stream)
        if ends:
            _, late = self._ray.wait(list(ends), num_returns=len(ends), timeout=STOP_SECONDS)
            for end in late:
                self._ray.cancel(ends[end], force=True)


def _run_of(task: Task, sent: Changes) -> Run:
    """Find the run whose files a node has sent; a lying one may name any."""
    runs = task.runs
    if sent.place not in range(len(runs)):
        raise BnbenchError(
            f"a node sent files of run {sent.place!a}, and has runs 0 to {len(runs) - 1}"
        )
    return runs[sent.place]


def _failed(remote: _Remote, message: str) -> Ended:
    return Ended(remote.task, remote.slot, "failed", message)
