"""Runs side by side: failures are told, and stop nothing else."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from bnbench.config import Experiment, load_experiment
from bnbench.execution import plan
from bnbench.execution.cores import available_cores
from bnbench.execution.plan import STARTUP_SECONDS, estimate_seconds
from bnbench.execution.pool import LocalWorkers, cause_of_death
from bnbench.execution.schedule import Rules, run_tasks
from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task
from tests.files import timeless


def tasks(root: Path, results: Path, *overrides: str, seeds: int = 2) -> list[Task]:
    experiment = load_experiment(
        root / "configs/mlp.yaml", ["data.dataset=digits", "training.epochs=2", *overrides]
    )
    return [Task(experiment, seed, 1375, results) for seed in range(seeds)]


def test_every_task_starts_progresses_and_ends(root: Path, tmp_path: Path) -> None:
    events = list(run_tasks(tasks(root, tmp_path), jobs=2))
    assert sorted(event.slot for event in events if isinstance(event, Started)) == [0, 1]
    ends = [event for event in events if isinstance(event, Ended)]
    assert sorted((event.task.seed, event.status) for event in ends) == [
        (0, "complete"),
        (1, "complete"),
    ]
    epochs = [event for event in events if isinstance(event, Progress) and event.task.seed == 0]
    reached = {event.epoch: event.validation_accuracy for event in epochs}
    assert list(reached) == [1, 2]
    assert [end.validation_accuracy for end in ends if end.task.seed == 0] == [reached[2]]


def only_child() -> int:
    (child,) = multiprocessing.active_children()
    assert child.pid is not None
    return child.pid


def with_the_first_killed(events: Iterable[Event]) -> list[Event]:
    """Kill the only process in its third epoch, once: it has a checkpoint by then."""
    seen, killed = [], False
    for event in events:
        seen.append(event)
        if isinstance(event, Progress) and event.epoch == 3 and not killed:
            os.kill(only_child(), signal.SIGKILL)
            killed = True
    return seen


def test_a_killed_run_is_named_and_the_others_finish(root: Path, tmp_path: Path) -> None:
    """The victim trains for long; the kernel's killer sends the same signal."""
    victim = tasks(root, tmp_path, "training.epochs=100000", seeds=1)
    events = with_the_first_killed(run_tasks(victim + tasks(root, tmp_path), jobs=1))
    first, *others = [event for event in events if isinstance(event, Ended)]
    assert (first.task.experiment, first.status) == (victim[0].experiment, "failed")
    assert first.message == cause_of_death(-signal.SIGKILL)
    assert [(end.task.seed, end.status) for end in others] == [(0, "complete"), (1, "complete")]


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (-9, "killed by signal SIGKILL; often the kernel, out of memory: try fewer --jobs"),
        (-11, "killed by signal SIGSEGV"),
        (-40, "killed by signal 40"),  # one of those without a name
        (3, "ended without a result (exit code 3)"),
    ],
)
def test_causes_of_death(exit_code: int, words: str) -> None:
    assert cause_of_death(exit_code) == words


def test_a_killed_run_that_is_tried_again_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    disturbed, quiet = (
        tasks(root, tmp_path / name, "training.epochs=6", seeds=1)[0] for name in ("a", "b")
    )
    events = with_the_first_killed(run_tasks([disturbed], 1, Rules(retries=1)))
    assert [event.status for event in events if isinstance(event, Ended)] == ["complete"]
    assert len([event for event in events if isinstance(event, Retried)]) == 1
    list(run_tasks([quiet], 1))
    assert timeless(disturbed.runs[0].path) == timeless(quiet.runs[0].path)
    assert disturbed.runs[0].read_manifest().resumed_after_epochs


def test_a_run_past_its_time_limit_is_stopped_and_says_interrupted(
    root: Path, tmp_path: Path
) -> None:
    (task,) = tasks(root, tmp_path, "training.epochs=100000", seeds=1)
    (end,) = [
        event for event in run_tasks([task], 1, Rules(time_limit=4)) if isinstance(event, Ended)
    ]
    assert (end.status, end.message) == ("failed", "past its time limit of 4 s")
    assert multiprocessing.active_children() == []
    assert not task.runs[0].manifest.exists() or (
        task.runs[0].read_manifest().status == "interrupted"
    )


def test_interrupted_twice_and_by_ctrl_c_a_run_still_says_so(root: Path, tmp_path: Path) -> None:
    """A terminal's Ctrl-C reaches the runs, too; and an impatient user sends more than one."""
    (task,) = tasks(root, tmp_path, "training.epochs=100000", seeds=1)
    for event in run_tasks([task], 1):
        if isinstance(event, Progress) and event.validation_accuracy is not None:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
                os.kill(only_child(), number)
            break
    else:
        raise AssertionError("Ctrl-C alone ended the run")
    assert task.runs[0].read_manifest().status == "interrupted"


def test_runs_side_by_side_share_the_cores_by_their_threads(root: Path, tmp_path: Path) -> None:
    workers, cores = LocalWorkers(), available_cores()
    assert workers.capacity(tasks(root, tmp_path)) == cores
    assert workers.capacity(tasks(root, tmp_path, f"training.threads={cores}")) == 1
    assert workers.capacity(tasks(root, tmp_path, f"training.threads={2 * cores}")) == 1


def test_a_run_that_raises_gives_its_traceback(root: Path, tmp_path: Path) -> None:
    task = tasks(root, tmp_path, seeds=1)[0]
    run = tmp_path / task.experiment.experiment / "seed-0"
    (run / "batches.csv").mkdir(parents=True)  # a folder where a file must go
    (end,) = [event for event in run_tasks([task], jobs=1) if isinstance(event, Ended)]
    assert end.status == "failed"
    assert "Traceback" in end.message


def test_a_refused_run_gives_one_line(root: Path, tmp_path: Path) -> None:
    task = tasks(root, tmp_path, "data.train_examples=5000", seeds=1)[0]
    (end,) = [event for event in run_tasks([task], jobs=1) if isinstance(event, Ended)]
    assert end.status == "refused"
    assert end.message.startswith("data.train_examples")


def test_closing_early_leaves_no_process(root: Path, tmp_path: Path) -> None:
    events = run_tasks(tasks(root, tmp_path, "training.epochs=100000"), jobs=2)
    next(event for event in events if isinstance(event, Progress))
    events.close()
    assert multiprocessing.active_children() == []


def test_estimate_scales_with_the_work(root: Path, tmp_path: Path) -> None:
    short, long = (
        estimate_seconds(tasks(root, tmp_path, f"training.epochs={epochs}", seeds=1), jobs=1)
        for epochs in (100, 1000)
    )
    assert short > 0
    assert 4 < (long - STARTUP_SECONDS) / (short - STARTUP_SECONDS) < 25


def test_a_run_that_diverges_at_once_can_be_estimated(root: Path, tmp_path: Path) -> None:
    """The timing took the run's own weight decay, and had no epoch to time."""
    override = "training.optimizer.weight_decay=1e308"
    assert estimate_seconds(tasks(root, tmp_path, override, seeds=1), jobs=1) >= STARTUP_SECONDS


@pytest.mark.parametrize(
    ("seconds", "examples"), [(5e-5, [128, 3072]), (1e-3, [128, 256]), (4e-3, [128]), (0, [128])]
)
def test_a_large_network_is_timed_with_fewer_examples(
    root: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, examples: list[int]
) -> None:
    """To time the small CNN took 6 s before a run of 10 s; it takes about a second at most."""
    timed: list[int] = []

    def fake(_: Experiment, count: int) -> float:
        timed.append(count)
        return seconds

    monkeypatch.setattr(plan, "_timed", fake)
    assert plan._seconds_per_example(load_experiment(root / "configs/cnn.yaml")) == seconds
    assert timed == examples
    assert 2 * seconds * sum(timed) < 1.1


def test_an_architecture_is_timed_once_for_all_its_runs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once a run: of a study of 200 runs the estimate took longer than ten runs."""
    timed: list[str] = []

    def seconds(experiment: Experiment) -> float:
        timed.append(experiment.experiment)
        return 0.001

    monkeypatch.setattr(plan, "_seconds_per_example", seconds)
    slow, fast, large = (
        tasks(root, tmp_path, override, seeds=3)
        for override in (
            "training.optimizer.learning_rate=0.01", "training.epochs=3", "training.batch_size=9",
        )
    )  # fmt: skip
    estimate_seconds([*slow, *fast, *large], jobs=1)
    assert len(timed) == 2
    two, three = (estimate_seconds(slow[:count], jobs=2) for count in (2, 3))
    assert three == pytest.approx(2 * two)  # the third waits for a core
