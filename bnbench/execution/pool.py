"""Runs side by side on this machine: each in a process of its own, the parent told what happens.

A process of its own gives every run its thread count, its random streams and its crash, so
`jobs` changes no number and one failure stops no other run.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

from bnbench.errors import BnbenchError
from bnbench.execution import fork_server
from bnbench.execution.cores import runs_at_once
from bnbench.execution.ending import mark_ended
from bnbench.execution.shared_folder import folder_of
from bnbench.execution.tasks import Ended, Event, Task
from bnbench.execution.work import work
from bnbench.runs import locked
from bnbench.training.device import resolve_device

STOP_SECONDS = 20.0  # for a run to end its tensor operation and write its manifest


class LocalWorkers:
    """Workers of this machine; see `bnbench.execution.tasks.Workers`."""

    def __init__(self) -> None:
        self._active: dict[int, _Worker] = {}
        self._shared: Path | None = None  # a command's first run may have nobody to share with

    def capacity(self, tasks: Sequence[Task]) -> int:
        """Count one run a core, or as many cores as a run has threads; on a GPU, one run.

        A GPU does one process' work at a time; to fill it, stack seeds.
        """
        if any(resolve_device(task.experiment).type == "cuda" for task in tasks):
            return 1
        return runs_at_once(task.experiment.training.threads for task in tasks)

    def start(self, task: Task, slot: int) -> None:
        """Begin a run in a process of its own."""
        self._active[slot] = _start(task, slot, self._shared)
        if self._shared is None:
            self._shared = folder_of(self)

    def events(self, seconds: float | None) -> list[Event]:
        """Wait for what the processes say; one that is gone without a word has failed."""
        of_connection = {worker.connection: worker for worker in self._active.values()}
        ready = wait(list(of_connection), seconds)
        events = [of_connection[connection].receive() for connection in ready]  # type: ignore[index]
        for event in events:
            if isinstance(event, Ended):
                self._active.pop(event.slot).join()
        return events

    def stop(self, slots: Iterable[int]) -> None:
        """End runs at their next tensor operation."""
        workers = [self._active.pop(slot) for slot in slots if slot in self._active]
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.join()
            worker.mark_ended("interrupted")


@dataclass(frozen=True)
class _Worker:
    task: Task
    slot: int
    process: BaseProcess
    connection: Connection

    def receive(self) -> Event:
        try:
            event: Event = self.connection.recv()
        except (EOFError, OSError):  # gone without a word, or within one
            self.process.join()
            cause = cause_of_death(self.process.exitcode)
            self.mark_ended("failed", cause)
            return Ended(self.task, self.slot, "failed", cause)
        return event

    def join(self) -> None:
        """Wait for the pipe's end: it is the process's, even where the forkserver is gone."""
        latest = time.monotonic() + STOP_SECONDS
        with suppress(EOFError, OSError):
            while self.connection.poll(max(0.0, latest - time.monotonic())):
                self.connection.recv()
            self.process.kill()
        self.process.join()
        self.connection.close()

    def mark_ended(
        self, status: Literal["failed", "interrupted"], cause: str | None = None
    ) -> None:
        """Say so in the manifest where the process was killed before it could."""
        for run in self.task.runs:
            if run.manifest.exists():
                with suppress(BnbenchError), locked(run):  # if somebody else has it, it is theirs
                    mark_ended(run, status, cause)


def cause_of_death(exit_code: int | None) -> str:
    """Say why a process ended that had nothing to say itself."""
    if exit_code is None or exit_code >= 0:
        return f"ended without a result (exit code {exit_code})"
    known = {number.value: number.name for number in signal.Signals}
    name = known.get(-exit_code, str(-exit_code))
    hint = "; often the kernel, out of memory: try fewer --jobs" if name == "SIGKILL" else ""
    return f"killed by signal {name}{hint}"


def _start(task: Task, slot: int, shared: Path | None) -> _Worker:
    fork_server.start()
    context: Any = get_context(fork_server.method())
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(task, slot, theirs, shared), daemon=True)
    with fork_server.interrupts_held_back():
        process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    return _Worker(task, slot, process, ours)


def _tell(task: Task, slot: int, connection: Connection, shared: Path | None) -> None:
    """Do one run; everything that it has to say goes through `connection`."""
    for number in (signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGINT)):
        signal.signal(number, signal.SIG_IGN)  # a terminal's go to all; the parent passes them on
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with closing(work(task, slot, shared)) as events:
            for event in events:
                connection.send(event)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGTERM)
    except BrokenPipeError:  # the parent is gone; the run is left as interrupted
        sys.exit(1)


def _interrupt(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not cut the first one's end
    raise KeyboardInterrupt
