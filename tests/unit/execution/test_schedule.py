"""Who runs when, and what becomes of those that fail: laws, on workers that follow a script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnbench.config import Experiment, ModelSettings
from bnbench.execution.schedule import LOSSES, Rules, run_tasks
from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task

Script = tuple[str, ...]
"""How the attempts at a run end, one after the other; whole epochs (``epoch``) may come between."""

SCRIPTS = st.lists(
    st.lists(st.sampled_from(["failed", "lost", "epoch"]), max_size=9).flatmap(
        lambda before: st.sampled_from(["complete", "diverged", "refused"]).map(
            lambda end: (*before, end)
        )
    ),
    max_size=6,
)


class Scripted:
    """Workers that do nothing: every run does the next thing that its script says."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.left = [list(script) for script in scripts]
        self.active: dict[int, Task] = {}
        self.most = 0
        self.attempts: list[Task] = []
        self.stopped: list[int] = []
        self.epochs: Counter[int] = Counter()

    def capacity(self, tasks: Sequence[Task]) -> int:
        return len(tasks)

    def start(self, task: Task, slot: int) -> None:
        assert slot not in self.active
        self.active[slot] = task
        self.attempts.append(task)
        self.most = max(self.most, len(self.active))

    def events(self, seconds: float | None) -> list[Event]:  # noqa: ARG002
        return [self._next(task, slot) for slot, task in list(self.active.items())]

    def _next(self, task: Task, slot: int) -> Event:
        what = self.left[task.seed].pop(0)
        if what == "epoch":
            self.epochs[task.seed] += 1
            return Progress(task, slot, self.epochs[task.seed], 1, 0.5, 0.5, 0.5)
        del self.active[slot]
        return Ended(task, slot, what, f"it has {what}")

    def stop(self, slots: Iterable[int]) -> None:
        self.stopped += [slot for slot in slots if self.active.pop(slot, None)]


def tasks(count: int, *, fresh: bool = False) -> list[Task]:
    experiment = Experiment(experiment="scripted", model=ModelSettings(name="MLP"))
    return [Task(experiment, seed, 100, Path("results"), fresh=fresh) for seed in range(count)]


def expected(script: Script, retries: int) -> tuple[str, int]:
    """How a run ends, and at which attempt, read off its script one word at a time."""
    attempts, failures, losses = 1, 0, 0
    for what in script:
        if what == "epoch":
            losses = 0
        elif what == "failed" and failures < retries:
            failures, attempts = failures + 1, attempts + 1
        elif what == "lost" and losses < LOSSES - 1:
            losses, attempts = losses + 1, attempts + 1
        else:
            return ("failed" if what == "lost" else what), attempts
    raise AssertionError("a script ends with a status that is never tried again")


@given(SCRIPTS, st.integers(1, 4), st.integers(0, 3))
def test_every_run_ends_as_its_script_and_the_rules_say(
    scripts: list[Script], jobs: int, retries: int
) -> None:
    workers = Scripted(scripts)
    events = list(run_tasks(tasks(len(scripts)), jobs, Rules(retries=retries), workers))
    ends = {event.task.seed: event.status for event in events if isinstance(event, Ended)}
    assert len(ends) == len([event for event in events if isinstance(event, Ended)])
    for seed, script in enumerate(scripts):
        status, attempts = expected(script, retries)
        assert ends[seed] == status
        assert sum(task.seed == seed for task in workers.attempts) == attempts
        retried = [event for event in events if isinstance(event, Retried)]
        assert sum(event.task.seed == seed for event in retried) == attempts - 1
    assert workers.most <= jobs
    assert not workers.active
    assert not workers.stopped


@given(SCRIPTS, st.integers(1, 4))
def test_failing_fast_stops_what_is_active_and_starts_nothing_more(
    scripts: list[Script], jobs: int
) -> None:
    workers = Scripted(scripts)
    events = list(run_tasks(tasks(len(scripts)), jobs, Rules(fail_fast=True), workers))
    ends = [event for event in events if isinstance(event, Ended)]
    bad = [end for end in ends if end.status in ("failed", "refused")]
    assert bad == ends[-1:] if bad else len(ends) == len(scripts)
    assert not workers.active


@given(SCRIPTS, st.integers(1, 4), st.integers(0, 40))
def test_closing_at_any_event_stops_what_is_active(
    scripts: list[Script], jobs: int, after: int
) -> None:
    workers = Scripted(scripts)
    events = run_tasks(tasks(len(scripts)), jobs, Rules(retries=2), workers)
    for _ in zip(range(after), events, strict=False):
        pass
    events.close()
    assert not workers.active


def test_a_failed_run_is_tried_again_after_the_others() -> None:
    workers = Scripted([("failed", "complete"), ("complete",), ("complete",)])
    list(run_tasks(tasks(3), 1, Rules(retries=1), workers))
    assert [task.seed for task in workers.attempts] == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("before", "fresh", "kept"), [([], True, 0), (["epoch"], False, 1), (["epoch"] * 3, False, 3)]
)
def test_a_fresh_run_is_gone_on_with_once_it_has_an_epoch(
    before: list[str], fresh: bool, kept: int
) -> None:
    """Before that, what is in the folder may still be the finished run that it replaces."""
    workers = Scripted([(*before, "failed", "complete")])
    list(run_tasks(tasks(1, fresh=True), 1, Rules(retries=1), workers))
    assert (workers.attempts[1].fresh, workers.attempts[1].epochs_kept) == (fresh, kept)


class Timed(Scripted):
    """Runs that take as long as they are told to, by a clock of their own, after a queue."""

    def __init__(self, durations: Sequence[int], queue: int = 0) -> None:
        super().__init__([])
        self.durations = durations
        self.queue = queue
        self.now = 0.0
        self.due: dict[int, tuple[float, Event]] = {}

    def start(self, task: Task, slot: int) -> None:
        super().start(task, slot)
        self.due[slot] = (self.now + self.queue, Started(task, slot))

    def events(self, seconds: float | None) -> list[Event]:
        slot = min(self.due, key=lambda slot: self.due[slot][0])
        when, event = self.due.pop(slot)
        if seconds is not None and self.now + seconds < when:
            self.due[slot] = when, event
            self.now += seconds
            return []
        self.now = when
        if isinstance(event, Started):
            end = Ended(event.task, slot, "complete")
            self.due[slot] = when + self.durations[event.task.seed], end
        else:
            del self.active[slot]
        return [event]

    def stop(self, slots: Iterable[int]) -> None:
        super().stop(slots := list(slots))
        for slot in slots:
            self.due.pop(slot, None)


@given(
    st.lists(st.integers(0, 20), max_size=8),
    st.integers(1, 4),
    st.integers(0, 10),
    st.integers(0, 30),
)
def test_exactly_the_runs_past_the_time_limit_fail(
    durations: list[int], jobs: int, limit: int, queue: int
) -> None:
    """Durations are whole, limits are not: none is met exactly. Queues are not counted."""
    workers = Timed(durations, queue)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bnbench.execution.schedule.time.monotonic", lambda: workers.now)
        events = list(
            run_tasks(tasks(len(durations)), jobs, Rules(time_limit=limit + 0.5), workers)
        )
    ends = {event.task.seed: event for event in events if isinstance(event, Ended)}
    late = [seed for seed, duration in enumerate(durations) if duration > limit]
    assert sorted(seed for seed, end in ends.items() if end.status == "failed") == late
    assert all(f"limit of {limit}.5 s" in ends[seed].message for seed in late)
    assert len(ends) == len(durations)
    assert len(workers.stopped) == len(late)


def test_a_run_past_its_time_limit_is_tried_again_as_any_other_that_fails() -> None:
    workers = Timed([10], queue=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bnbench.execution.schedule.time.monotonic", lambda: workers.now)
        events = list(run_tasks(tasks(1), 1, Rules(retries=2, time_limit=1.5), workers))
    assert [type(event) for event in events] == [Started, Retried] * 2 + [Started, Ended]
    assert workers.now == pytest.approx(3 * (5 + 1.5))


def test_a_time_limit_beyond_what_the_system_can_wait() -> None:
    """It was an OverflowError: a poll counts milliseconds in 31 bits."""
    waits: list[float | None] = []

    class Patient(Timed):
        def events(self, seconds: float | None) -> list[Event]:
            waits.append(seconds)
            return super().events(seconds)

    list(run_tasks(tasks(1), 1, Rules(time_limit=1e308), Patient([10])))
    assert all(seconds is None or 1_000 * seconds < 1 << 31 for seconds in waits)
    assert any(seconds is not None for seconds in waits)
