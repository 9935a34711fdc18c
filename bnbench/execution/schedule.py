"""All runs of a command: who waits, who is under way, and what becomes of those that fail."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from bnbench.execution.pool import LocalWorkers
from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task, Workers

LOSSES = 3  # machines in a row, without a whole epoch between: then it is the run that fells them


@dataclass(frozen=True)
class Rules:
    """What a command does about a run that fails.

    Attributes
    ----------
    retries : int
        How often it is tried again, after the others, from its last whole epoch. Runs that were
        refused or have diverged are not: they would end the same way.
    time_limit : float or None
        Seconds after which a run (each time that it is tried) is stopped, and has failed.
    fail_fast : bool
        Stop all others, which leaves them ``interrupted``.
    """

    retries: int = 0
    time_limit: float | None = None
    fail_fast: bool = False


KEEP_GOING = Rules()


def run_tasks(
    tasks: Sequence[Task], jobs: int, rules: Rules = KEEP_GOING, workers: Workers | None = None
) -> Generator[Event]:
    """Do all tasks, at most `jobs` at a time, and yield what happens as it happens.

    Parameters
    ----------
    jobs : int
        Runs at a time; each uses as many threads as its config says.
    rules : Rules
        What to do about failures.
    workers : Workers, optional
        Where the runs are done: by default each in a process on this machine.

    Yields
    ------
    Started, Progress, Retried or Ended
        Every task ends, also where its process was killed, unless ``fail_fast`` ends them all.
        Closing the iterator early stops the runs, which leaves them ``interrupted``.
    """
    workers = workers or LocalWorkers()
    waiting = deque(_Attempt(task) for task in tasks)
    free = list(reversed(range(jobs)))
    active: dict[int, _Attempt] = {}
    try:
        while waiting or active:
            while waiting and free:
                attempt, slot = waiting.popleft(), free.pop()
                workers.start(attempt.task, slot)
                active[slot] = attempt
            for event in _events(workers, active, rules.time_limit):
                attempt = active[event.slot] = active[event.slot].after(event)
                if isinstance(event, Ended):
                    free.append(event.slot)
                    del active[event.slot]
                    event = _judged(event, attempt, rules)
                if isinstance(event, Retried):
                    waiting.append(attempt)
                yield event
                if rules.fail_fast and _is_failure(event):
                    return
    finally:
        workers.stop(list(active))


LONGEST_WAIT = 86_400.0
"""Seconds; the system's own calls take no more than 25 days."""


@dataclass(frozen=True)
class _Attempt:
    """A task with its history; the task itself moves on with the epochs that are done."""

    task: Task
    started: float | None = None
    failures: int = 0
    losses: int = 0

    def after(self, event: Event) -> _Attempt:
        if isinstance(event, Started):
            return replace(self, started=time.monotonic())
        if isinstance(event, Progress) and event.validation_accuracy is not None:
            # From here on there is something to go on from, and nothing older in the folder.
            task = replace(self.task, fresh=False, epochs_kept=event.epoch)
            return replace(self, task=task, losses=0)
        if isinstance(event, Ended):
            failed, lost = event.status == "failed", event.status == "lost"
            return replace(
                self, started=None, failures=self.failures + failed, losses=self.losses + lost
            )
        return self


def _events(workers: Workers, active: dict[int, _Attempt], limit: float | None) -> Iterator[Event]:
    """Wait for the next events; runs that are past their time limit are stopped."""
    yield from workers.events(_until_next(active, limit))
    for slot, attempt in list(active.items()):
        if _seconds_left(attempt, limit) <= 0:
            workers.stop([slot])
            yield Ended(attempt.task, slot, "failed", f"past its time limit of {limit:g} s")


def _until_next(active: dict[int, _Attempt], limit: float | None) -> float | None:
    seconds = min(_seconds_left(attempt, limit) for attempt in active.values())
    return None if seconds == float("inf") else min(max(0.0, seconds), LONGEST_WAIT)


def _seconds_left(attempt: _Attempt, limit: float | None) -> float:
    if limit is None or attempt.started is None:
        return float("inf")
    return attempt.started + limit - time.monotonic()


def _judged(event: Ended, attempt: _Attempt, rules: Rules) -> Ended | Retried:
    """Decide whether a run that has ended is tried again."""
    if event.status == "lost":
        again = attempt.losses < LOSSES
        event = replace(event, status="failed")
    else:
        again = event.status == "failed" and attempt.failures <= rules.retries
    return Retried(event.task, event.slot, event.message) if again else event


def _is_failure(event: Event) -> bool:
    return isinstance(event, Ended) and event.status in ("failed", "refused")
