"""Runs side by side: failures are told, and stop nothing else."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from bnbench.config import load_experiment
from bnbench.execution import Ended, Progress, Started, Task, estimate_seconds, run_tasks
from bnbench.execution.plan import STARTUP_SECONDS


def tasks(root: Path, results: Path, *overrides: str, seeds: int = 2) -> list[Task]:
    experiment = load_experiment(
        root / "configs/mlp.yaml", ["data.dataset=digits", "training.epochs=2", *overrides]
    )
    return [Task(experiment, seed, 1375, results) for seed in range(seeds)]


def test_every_task_starts_progresses_and_ends(root: Path, tmp_path: Path) -> None:
    events = list(run_tasks(tasks(root, tmp_path), jobs=2))
    assert [event.slot for event in events if isinstance(event, Started)] == [0, 1]
    ends = [event for event in events if isinstance(event, Ended)]
    assert sorted((event.task.seed, event.status) for event in ends) == [
        (0, "complete"),
        (1, "complete"),
    ]
    epochs = [event for event in events if isinstance(event, Progress) and event.task.seed == 0]
    assert [event.epoch for event in epochs if event.validation_accuracy is not None] == [1, 2]


def test_a_killed_run_is_named_and_the_others_finish(root: Path, tmp_path: Path) -> None:
    """The victim trains for long; the kernel's killer sends the same signal."""
    victim = tasks(root, tmp_path, "training.epochs=100000", seeds=1)
    ends, killed = [], False
    for event in run_tasks(victim + tasks(root, tmp_path), jobs=1):
        if isinstance(event, Progress) and event.task == victim[0] and not killed:
            os.kill(only_child(), signal.SIGKILL)
            killed = True
        if isinstance(event, Ended):
            ends.append((event.task.seed, event.status, event.message))
    assert ends == [(0, "failed", "killed by signal SIGKILL"), (0, "complete", ""),
                    (1, "complete", "")]  # fmt: skip


def only_child() -> int:
    import multiprocessing

    (child,) = multiprocessing.active_children()
    assert child.pid is not None
    return child.pid


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
    import multiprocessing

    events = run_tasks(tasks(root, tmp_path, "training.epochs=100000"), jobs=2)
    next(event for event in events if isinstance(event, Progress))
    events.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_estimate_scales_with_the_work(root: Path, tmp_path: Path) -> None:
    short, long = (
        estimate_seconds(tasks(root, tmp_path, f"training.epochs={epochs}", seeds=1), jobs=1)
        for epochs in (100, 1000)
    )
    assert short > 0
    assert 4 < (long - STARTUP_SECONDS) / (short - STARTUP_SECONDS) < 25
