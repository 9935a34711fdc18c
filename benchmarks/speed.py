"""Seconds an epoch, with all its evaluations, against the plain loop, in one sitting.

``make bench`` prints the table. Rounds alternate between the contenders, so that a slow spell of
the machine hits all of them; the medians are what counts. It takes about six minutes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from rich.console import Console
from rich.table import Table

from bnbench.runs import processor, versions, write_text

ROOT = Path(__file__).parents[1]
CONFIGS = ("lenet5", "lenet5_batchnorm")
ROUNDS = 3
EPOCHS = 2


def plain() -> float:
    """Mean of both arms' epoch in the plain loop, with PyTorch's default threads."""
    arms = ("plain", "batch_norm")
    seconds = [json.loads(_output("benchmarks/plain_loop.py", arm))["seconds"] for arm in arms]
    return float(sum(seconds)) / len(seconds)


def ours(threads: int, jobs: int) -> tuple[float, float]:
    """Seconds an epoch of a run, mean of both arms, and the largest peak memory, MiB.

    With more than one job, what a run costs is the time of an epoch over the runs in parallel.
    """
    with TemporaryDirectory() as results:
        configs = [part for name in CONFIGS for part in ("-c", f"configs/published/{name}.yaml")]
        overrides = ["-o", f"training.epochs={EPOCHS}", "-o", f"training.threads={threads}"]
        options = ["--results", results, "--jobs", str(jobs), "--device", "cpu"]
        _output("-m", "bnbench", "train", *configs, *overrides, *options)
        runs = [path.parent for path in Path(results).rglob("manifest.json")]
        seconds = [_seconds(run) for run in runs]
        memory = [
            json.loads((run / "manifest.json").read_text())["peak_memory_mib"] for run in runs
        ]
    return sum(seconds) / len(seconds) / jobs, max(memory)


def _seconds(run: Path) -> float:
    header, *rows = (line.split(",") for line in (run / "epochs.csv").read_text().splitlines())
    first = header.index("train_seconds")
    second = header.index("evaluation_seconds")
    return sum(float(row[first]) + float(row[second]) for row in rows) / len(rows)


def _output(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


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
    _print(rows)
    print(f"{ROUNDS} rounds in {perf_counter() - started:.0f} s")
    write_text(Path(sys.argv[1]), _markdown(rows))


HEADER = ("", "s (median)", "least", "most", "times as fast", "peak MiB")


def _print(rows: list[list[str]]) -> None:
    table = Table(title="LeNet-5, batch 64: an epoch of one run, evaluations included")
    for column, name in enumerate(HEADER):
        table.add_column(name, justify="right" if column else "left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _markdown(rows: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(HEADER) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (HEADER, rule, *rows)]
    context = (
        f"{ROUNDS} rounds; mean of both published arms; {processor()},"
        f" torch {versions()['torch']}, Python {versions()['python']}."
    )
    return "\n".join([*lines, "", context, ""])


if __name__ == "__main__":
    main()
