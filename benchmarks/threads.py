"""A training step of one run by its threads: alone, and where another program fills a core.

``make bench`` prints the table: microseconds by the wall clock, of one process, in which the
contenders take turns.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from benchmarks.kernels import Contender, contender
from benchmarks.table import machine, publish, table_file
from bnbench.training.device import reproducible
from bnbench.training.kernels import Kernels, threads_of
from bnbench.training.loop import update

CONFIG = "published/lenet5"
ROUNDS = 7
CORES = len(os.sched_getaffinity(0))
NAMES: dict[Kernels, str] = {"torch": "torch", "batch_last": "batch innermost"}
HEADER = ("µs", "alone", "beside another program", "times as long")


@contextmanager
def another_program() -> Iterator[None]:
    """Have a process compute without a pause."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            yield
        finally:
            process.kill()


def step(one: Contender, kernels: Kernels, threads: int, number: int) -> float:
    """Time a block of steps, µs of a step."""
    block = one.blocks[number]
    with reproducible(threads), threads_of(kernels, threads):
        started = perf_counter()
        one.learner.train_block(update, block)
        return (perf_counter() - started) / len(block) * 1e6


def times(rounds: int = ROUNDS) -> dict[tuple[Kernels, int], float]:
    """The median time of each kind of kernels and number of threads."""
    contenders = {kernels: contender(CONFIG, kernels) for kernels in NAMES}
    found: dict[tuple[Kernels, int], list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        for kernels, one in contenders.items():
            for threads in (1, CORES):
                found[kernels, threads].append(step(one, kernels, threads, number))
    return {what: median(values[1:]) for what, values in found.items()}  # the first warms up


def rows_of(
    alone: dict[tuple[Kernels, int], float], beside: dict[tuple[Kernels, int], float]
) -> list[list[str]]:
    """Lay the times out."""
    return [
        [
            f"{NAMES[kernels]}, {threads} thread{'s' * (threads > 1)}",
            f"{time:.0f}", f"{beside[kernels, threads]:.0f}",
            f"{beside[kernels, threads] / time:.1f}",
        ]
        for (kernels, threads), time in alone.items()
    ]  # fmt: skip


def main(path: Path) -> None:
    """Measure, print the table and write it."""
    torch.set_num_threads(1)
    alone = times()
    with another_program():
        beside = times()
    context = (
        f"Of a step of LeNet-5 (64 images), on {CORES} cores; medians of {ROUNDS} rounds, in turn;"
        f" {machine()}."
    )
    publish(HEADER, rows_of(alone, beside), context, path)


if __name__ == "__main__":
    main(table_file())
