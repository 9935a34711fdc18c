"""Several runs side by side: each in a process of its own, the parent told what happens.

A process of its own gives every run its thread count, its random streams and its crash, so
`jobs` changes no number and one failure stops no other run.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from bnbench.config import Experiment
from bnbench.errors import BnbenchError


@dataclass(frozen=True)
class Task:
    """One run to be done."""

    experiment: Experiment
    seed: int
    train_examples: int
    results: Path
    data_dir: Path | None = None
    fresh: bool = False
    epochs_kept: int = 0
    """Of a run that was stopped; they are not done again."""

    @property
    def batches_per_epoch(self) -> int:
        """Optimizer steps of an epoch."""
        whole, rest = divmod(self.train_examples, self.experiment.training.batch_size)
        return whole + (rest > 0 and not self.experiment.training.drop_last)

    @property
    def epochs_left(self) -> int:
        """Epochs that are still to be done."""
        return self.experiment.training.epochs - self.epochs_kept

    @property
    def name(self) -> str:
        """The run in words, for people."""
        return f"{self.experiment.experiment} seed {self.seed}"


@dataclass(frozen=True)
class Started:
    """A run has its process."""

    task: Task
    slot: int


@dataclass(frozen=True)
class Progress:
    """A run has done some more batches, or (with `validation_accuracy`) a whole epoch."""

    task: Task
    slot: int
    epoch: int
    batches: int
    """Training batches of this epoch so far."""
    loss: float
    """Mean over the latest batches, or over the whole epoch's, nats."""
    accuracy: float
    """Share of correct answers in the latest batches, in [0, 1]."""
    validation_accuracy: float | None = None


@dataclass(frozen=True)
class Ended:
    """A run has ended: ``complete``, ``diverged``, ``refused`` or ``failed``."""

    task: Task
    slot: int
    status: str
    message: str = ""


Event = Started | Progress | Ended


def run_tasks(tasks: Sequence[Task], jobs: int) -> Iterator[Event]:
    """Do all tasks, at most `jobs` at a time, and yield what happens as it happens.

    Parameters
    ----------
    tasks : sequence of Task
    jobs : int
        Processes at a time; each run uses as many threads as its config says.

    Yields
    ------
    Started, Progress or Ended
        Every task ends, also where its process was killed. Closing the iterator early stops the
        runs, which leaves them ``interrupted``.
    """
    waiting = deque(tasks)
    free = list(reversed(range(jobs)))
    active: dict[Any, _Worker] = {}
    try:
        while waiting or active:
            while waiting and free:
                worker = _start(waiting.popleft(), free.pop())
                active[worker.connection] = worker
                yield Started(worker.task, worker.slot)
            for connection in wait(list(active)):
                worker = active[connection]
                event = worker.receive()
                yield event
                if isinstance(event, Ended):
                    del active[connection]
                    worker.process.join()
                    free.append(worker.slot)
    finally:
        for worker in active.values():
            worker.process.terminate()
        for worker in active.values():
            worker.process.join()


@dataclass(frozen=True)
class _Worker:
    task: Task
    slot: int
    process: BaseProcess
    connection: Connection

    def receive(self) -> Event:
        try:
            event: Event = self.connection.recv()
        except EOFError:  # the process is gone without a word
            self.process.join()
            return Ended(self.task, self.slot, "failed", _death(self.process.exitcode))
        return event


def _death(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"killed by signal {signal.Signals(-exit_code).name}"
    return f"ended without a result (exit code {exit_code})"


# A process that has imported PyTorch and done nothing else is copied for every run: as fresh as a
# spawned one, and a second sooner at work. Windows has no such thing.
_METHOD = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"


def _start(task: Task, slot: int) -> _Worker:
    context: Any = get_context(_METHOD)
    if _METHOD == "forkserver":
        context.set_forkserver_preload(["bnbench.training"])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(task, slot, there), daemon=True)
    process.start()
    there.close()  # so that the end of the process is the end of the pipe
    return _Worker(task, slot, process, here)


def _work(task: Task, slot: int, connection: Connection) -> None:
    """Do one run; everything that it has to say goes through `connection`."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        for event in _events(task, slot):
            connection.send(event)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the parent is gone; the run has been left as interrupted
        sys.exit(1)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _events(task: Task, slot: int) -> Iterator[Progress | Ended]:
    try:
        yield from _progress(task, slot)
    except BnbenchError as error:
        yield Ended(task, slot, "refused", str(error))
    except Exception:  # noqa: BLE001 - reported to the user by the parent, with its traceback
        yield Ended(task, slot, "failed", traceback.format_exc())


def _progress(task: Task, slot: int) -> Iterator[Progress | Ended]:
    from bnbench.runs import BatchRows, EpochRow, run_directory
    from bnbench.training import run_experiment

    batches, loss, accuracy = 0, float("nan"), float("nan")
    for result in run_experiment(
        task.experiment, task.seed, task.results, data_dir=task.data_dir, fresh=task.fresh
    ):
        if isinstance(result, EpochRow):
            yield Progress(
                task, slot, result.epoch, batches, result.train_loss, accuracy,
                result.validation_accuracy,
            )  # fmt: skip
            batches = 0
        elif isinstance(result, BatchRows) and result.split == "train":
            batches += len(result.steps)
            loss = float(result.losses.mean())
            accuracy = float(result.correct.sum() / result.examples.sum())
            yield Progress(task, slot, result.epoch, batches, loss, accuracy)
    manifest = run_directory(task.results, task.experiment, task.seed).read_manifest()
    yield Ended(task, slot, manifest.status, manifest.error or "")
