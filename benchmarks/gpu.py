"""A GPU used as a GPU: one run, stacked seeds and a whole study, against the plain loop on it.

``make bench-gpu`` prints the table, in about three minutes, most of which is the plain loop's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from time import perf_counter

import torch

from benchmarks.measurement import measured
from benchmarks.table import publish, table_file
from benchmarks.trained import trained
from bnbench.runs import versions

CONFIGS = ("configs/published/lenet5.yaml", "configs/published/lenet5_batchnorm.yaml")
HEADER = ("of an epoch", "training (s)", "evaluation (s)", "times as fast", "whole command (s)")


@dataclass(frozen=True)
class Work:
    """How much of the published study is done: all of it by default, little in the test."""

    device: str = "cuda"
    rounds: int = 3
    seeds: int = 10
    epochs: int = 10
    examples: int = 60_000

    def options(self, *configs: str) -> list[str]:
        """Say so in options of ``bnbench train``, one run at a time."""
        chosen = [part for config in configs for part in ("-c", config)]
        overrides = (f"training.epochs={self.epochs}", f"data.train_examples={self.examples}")
        return [*chosen, *(part for text in overrides for part in ("-o", text)), "--jobs", "1"]


@dataclass(frozen=True)
class Seconds:
    """Medians over rounds of what an epoch of one run takes, and of a whole command."""

    training: float
    evaluation: float
    whole: float | None = None


def plain(work: Work) -> Seconds:
    """Take the mean of both arms' second epoch; the loop trains and validates in one go."""
    arms = [
        measured("benchmarks.plain_loop", arm, "2", work.device) for arm in ("plain", "batch_norm")
    ]
    return Seconds(mean(one.seconds[1] for one in arms), mean(one.scoring[1] for one in arms))


def ours(work: Work, *options: str) -> Seconds:
    """Take medians of a run's epochs; the first of a run prepares what the others repeat."""
    started = perf_counter()
    runs = trained(*options, device=work.device)
    whole = perf_counter() - started
    return Seconds(
        median(second for run in runs for second in run.seconds("train_seconds")[1:]),
        median(second for run in runs for second in run.seconds("evaluation_seconds")[1:]),
        whole,
    )


def rows(work: Work) -> list[list[str]]:
    """Measure in alternating rounds, and lay out the medians."""
    one, stacked = (
        work.options(CONFIGS[0]),
        ["--seeds", str(work.seeds), "--stack", str(work.seeds)],
    )
    contenders: dict[str, Callable[[], Seconds]] = {
        "plain DataLoader loop": lambda: plain(work),
        "bnbench, one run": lambda: ours(work, *one),
        f"bnbench, {work.seeds} stacked seeds": lambda: ours(work, *one, *stacked),
        f"bnbench, both arms, {work.seeds} stacked seeds, {work.epochs} epochs": lambda: ours(
            work, *work.options(*CONFIGS), *stacked
        ),
    }
    found: dict[str, list[Seconds]] = {name: [] for name in contenders}
    for _ in range(work.rounds):
        for name, measure in contenders.items():
            found[name].append(measure())
    baseline = _epoch(found["plain DataLoader loop"])
    return [
        [
            name,
            f"{median(one.training for one in rounds):.3f}",
            f"{median(one.evaluation for one in rounds):.3f}",
            f"{baseline / _epoch(rounds):.1f}",
            f"{median(one.whole or 0.0 for one in rounds):.1f}" if rounds[0].whole else "",
        ]
        for name, rounds in found.items()
    ]


def _epoch(rounds: list[Seconds]) -> float:
    return median(one.training + one.evaluation for one in rounds)


def main(path: Path, rounds: str = "3") -> None:
    """Print the table, where there is a GPU."""
    if not torch.cuda.is_available():
        sys.exit("bench-gpu: PyTorch finds no CUDA device here")
    work = Work(rounds=int(rounds))
    context = (
        f"{work.rounds} rounds; seconds of one run, of a stack divided by its seeds; the plain loop"
        f" validates while it trains; {torch.cuda.get_device_name()}, torch {versions()['torch']}."
    )
    publish(HEADER, rows(work), context, path)


if __name__ == "__main__":
    main(table_file(), *sys.argv[2:])
