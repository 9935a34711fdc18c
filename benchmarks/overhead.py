"""What logs, manifest and checkpoints, and progress cost a run, each left out in turn.

``make bench-peers`` prints the table. The variants train the same run in one process, block of
steps by block of steps in turn, so that a slow spell of the machine hits all of them alike; the
first one is there twice, and what its two times differ by is what the measurement cannot tell.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import redirect_stderr
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.table import machine, publish, table_file
from bnbench.cli.progress import shown
from bnbench.config import Experiment, load_experiment
from bnbench.data import data_folder, load_splits
from bnbench.execution.tasks import Task
from bnbench.execution.work import work
from bnbench.models import resolve_model
from bnbench.runs import BatchRows, EpochRow, EvaluationRow, RunLogs
from bnbench.training import run_experiment, train
from bnbench.training.device import reproducible
from bnbench.training.evaluation import evaluate
from bnbench.training.initialization import initial_model

CONFIG = "configs/published/lenet5.yaml"
EPOCHS = 4
AGAIN = "training and evaluation, again"
HEADER = ("what the run does", "s", "more than the training alone (%)")


class Terminal(io.StringIO):
    """Standard error that bars are drawn on, and nobody sees."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def core(experiment: Experiment) -> Iterator[object]:
    """Load, train and evaluate, and write nothing."""
    splits = load_splits(experiment.data, data_folder())
    model = initial_model(resolve_model(experiment), experiment.training.initialization, 0)
    yield from train(model, splits, experiment.training, 0)
    evaluate(model, splits.validation)  # a run's test predictions


def logged(experiment: Experiment, folder: Path) -> Iterator[object]:
    """Do the same, and write the logs."""
    folder.mkdir()
    with RunLogs(folder / "batches.csv", folder / "epochs.csv") as logs:
        for result in core(experiment):
            if isinstance(result, BatchRows | EpochRow | EvaluationRow):
                logs.write(result)
            yield result


def watched(experiment: Experiment, results: Path) -> Iterator[object]:
    """Do a whole run, and draw its progress."""
    task = Task(experiment, 0, 60_000, results)
    labels = {experiment.experiment: "run"}
    yield from shown(work(task, 0), 1, experiment.training.epochs, slots=1, labels=labels)


def variants(experiment: Experiment, folder: Path) -> dict[str, Iterator[object]]:
    """List them, each with more than the one before it."""
    return {
        "training and evaluation": core(experiment),
        AGAIN: core(experiment),
        "and the logs": logged(experiment, folder / "logs"),
        "and manifest, checkpoints, weights": run_experiment(experiment, 0, folder / "run"),
        "and progress": watched(experiment, folder / "watched"),
    }


def in_turn(works: Mapping[str, Iterator[object]]) -> dict[str, float]:
    """Advance each by a step of its own until all have ended; return the seconds of each."""
    seconds, left = dict.fromkeys(works, 0.0), list(works)
    while left:
        for name in tuple(left):
            started = perf_counter()
            if next(works[name], None) is None:
                left.remove(name)
            seconds[name] += perf_counter() - started
        left = left[1:] + left[:1]
    return seconds


def rows_of(seconds: Mapping[str, float]) -> list[list[str]]:
    """Lay the times out, each against the mean of the two without anything."""
    names = list(seconds)
    alone = (seconds[names[0]] + seconds[AGAIN]) / 2
    return [[name, f"{value:.2f}", f"{100 * (value / alone - 1):+.1f}"]
            for name, value in seconds.items()]  # fmt: skip


def main(path: Path) -> None:
    """Measure the variants, print the table and write it."""
    experiment = load_experiment(CONFIG, [f"training.epochs={EPOCHS}"])
    with TemporaryDirectory() as folder, reproducible(1), redirect_stderr(Terminal()):
        list(islice(core(experiment), 1))  # the first to load and train would pay for all
        seconds = in_turn(variants(experiment, Path(folder)))
    context = f"One run of {EPOCHS} epochs on one thread, block by block in turn; {machine()}."
    publish(HEADER, rows_of(seconds), context, path)


if __name__ == "__main__":
    main(table_file())
