"""Seconds an epoch, with all its evaluations, against the plain loop, in one sitting.

``make bench`` prints the table. Rounds alternate between the contenders, so that a slow spell of
the machine hits all of them; the medians are what counts. It takes about six minutes.
"""

from __future__ import annotations

import os
from collections import defaultdict
from statistics import mean, median
from time import perf_counter

from benchmarks.measurement import measured
from benchmarks.table import machine, publish, table_file
from benchmarks.trained import trained

CONFIGS = ("lenet5", "lenet5_batchnorm")
ROUNDS = 3
EPOCHS = 2
HEADER = ("", "s (median)", "least", "most", "times as fast", "peak MiB")


def plain() -> float:
    """Mean of both arms' epoch in the plain loop, with PyTorch's default threads."""
    arms = [measured("benchmarks.plain_loop", arm, "1") for arm in ("plain", "batch_norm")]
    return mean(arm.seconds[0] + arm.scoring[0] for arm in arms)


def ours(threads: int, jobs: int) -> tuple[float, float]:
    """Seconds an epoch of a run, mean of both arms, and the largest peak memory, MiB.

    With more than one job, what a run costs is the time of an epoch over the runs in parallel.
    """
    configs = [part for name in CONFIGS for part in ("-c", f"configs/published/{name}.yaml")]
    overrides = ["-o", f"training.epochs={EPOCHS}", "-o", f"training.threads={threads}"]
    runs = trained(*configs, *overrides, "--jobs", str(jobs))
    seconds = [sum(run.seconds("train_seconds") + run.seconds("evaluation_seconds"))
               for run in runs]  # fmt: skip
    return mean(seconds) / EPOCHS / jobs, max(run.manifest["peak_memory_mib"] for run in runs)


def main() -> None:
    """Measure in alternating rounds and print the table."""
    cores = len(os.sched_getaffinity(0))
    contenders = {
        "bnbench, one run, 1 thread": (1, 1),
        f"bnbench, one run, {cores} threads": (cores, 1),
        f"bnbench, {cores} runs side by side, 1 thread each": (1, cores),
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    memory: dict[str, float] = {}
    started = perf_counter()
    for _ in range(ROUNDS):
        seconds["plain DataLoader loop"].append(plain())
        for name, (threads, jobs) in contenders.items():
            each, peak = ours(threads, jobs)
            seconds[name].append(each)
            memory[name] = max(peak, memory.get(name, 0.0))
    baseline = median(seconds["plain DataLoader loop"])
    rows = [
        [
            name,
            *(f"{value:.2f}" for value in (median(values), min(values), max(values))),
            f"{baseline / median(values):.2f}",
            f"{memory[name]:.0f}" if name in memory else "",
        ]
        for name, values in seconds.items()
    ]
    context = f"{ROUNDS} rounds; mean of both published arms; {machine()}."
    publish(HEADER, rows, context, table_file())
    print(f"{ROUNDS} rounds in {perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
