"""A training step and an evaluation with PyTorch's kernels and with the batch innermost.

``make bench`` prints the table: microseconds on one thread, of one process, in which the two take
turns, so that a slow spell of the machine hits both.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from benchmarks.table import machine, publish, table_file
from bnbench.config import load_experiment
from bnbench.data import Split, data_folder, load_splits
from bnbench.models import resolve_model
from bnbench.training.batches import batch_order
from bnbench.training.device import reproducible
from bnbench.training.initialization import initial_model
from bnbench.training.learner import BLOCK, Learner
from bnbench.training.loop import update

NETWORKS = {
    "LeNet-5": "published/lenet5",
    "LeNet-5 with batch norm": "published/lenet5_batchnorm",
    "CNN": "cnn",
    "CNN with batch norm": "cnn_batchnorm",
}
KERNELS = ("torch", "batch_last")
ROUNDS = 7
EVALUATED = 2048
HEADER = ("µs", "torch", "batch innermost", "ratio")


@dataclass(frozen=True)
class Contender:
    """A network, and what it learns from."""

    learner: Learner
    blocks: list[list[torch.Tensor]]
    evaluated: Split

    def times(self, number: int) -> tuple[float, float]:
        """Measure one block of steps and one evaluation, µs of a step and of 128 images."""
        block = self.blocks[number]
        started = perf_counter()
        self.learner.train_block(update, block)
        trained = perf_counter()
        self.learner.evaluate(self.evaluated)
        ended = perf_counter()
        return (trained - started) / len(block) * 1e6, (ended - trained) / EVALUATED * 128e6


def contender(config: str, kernels: str) -> Contender:
    """Build a network with some kernels; batches of 64, shuffled."""
    overrides = ["training.shuffle=true", "training.device=cpu", f"training.kernels={kernels}"]
    experiment = load_experiment(f"configs/{config}.yaml", overrides)
    splits = load_splits(experiment.data, data_folder())
    settings = experiment.training
    model = initial_model(resolve_model(experiment), settings.initialization, 0)
    order = batch_order(len(splits.train.labels), settings, torch.Generator().manual_seed(0))
    length = BLOCK if config.startswith("published") else BLOCK // 8
    blocks = [order[length * place : length * (place + 1)] for place in range(ROUNDS + 1)]
    evaluated = Split(splits.validation.images[:EVALUATED], splits.validation.labels[:EVALUATED])
    return Contender(Learner(model, splits.train, settings), blocks, evaluated)


def compared(config: str) -> list[list[float]]:
    """Measure in turn; the medians of a step, and of an evaluation, with each of `KERNELS`."""
    contenders = [contender(config, kernels) for kernels in KERNELS]
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        for place, one in enumerate(contenders):
            found[place].append(one.times(number))
    counted = [found[place][1:] for place in range(len(KERNELS))]  # the first round warms up
    return [[median(times[what] for times in one) for one in counted] for what in (0, 1)]


def rows_of(name: str, times: list[list[float]]) -> list[list[str]]:
    """Lay a network's times out."""
    return [
        [f"{name}: {what}", *(f"{value:.0f}" for value in pair), f"{pair[1] / pair[0]:.2f}"]
        for what, pair in zip(("step", "evaluation"), times, strict=True)
    ]


def main(path: Path) -> None:
    """Measure all networks, print the table and write it."""
    with reproducible(1):
        rows = [row for name, config in NETWORKS.items() for row in rows_of(name, compared(config))]
    context = (
        f"Of a step (64 images), and of 128 images evaluated; medians of {ROUNDS} rounds, in turn,"
        f" on one thread; {machine()}."
    )
    publish(HEADER, rows, context, path)


if __name__ == "__main__":
    main(table_file())
