"""Seconds an epoch of LeNet-5 on MNIST, here and in other programs, in one sitting.

``make bench-peers`` prints the table. An epoch is training on 60,000 images in shuffled batches of
64 and validation on 10,000. Every contender has its own process and everything in memory; the
first epoch, which warms up or compiles, does not count. Rounds alternate between the contenders.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median
from tempfile import TemporaryDirectory

from benchmarks.floor import measured_rate, operations
from benchmarks.measurement import Measurement, measured, output
from benchmarks.table import machine, publish
from benchmarks.trained import Trained, trained

ROUNDS = 3
EPOCHS = 2  # of which the first does not count
CORES = len(os.sched_getaffinity(0))
PLAIN = "plain DataLoader loop"
HEADER = (
    "", "s (median)", "least", "most", "times as fast", "times the floor",
    "with scoring (s)", "accuracy", "peak MiB",
)  # fmt: skip


@dataclass(frozen=True)
class Contender:
    """Who measures itself, and how many cores it has."""

    measure: Callable[[], Measurement]
    cores: int = CORES


def contenders(peers: str, folder: str) -> dict[str, Contender]:
    """List them; `peers` is the Python that has their packages, `folder` has the arrays."""
    counted = (folder, str(EPOCHS))
    return {
        PLAIN: Contender(partial(measured, "benchmarks.plain_loop", "plain", counted[1])),
        "tuned PyTorch loop": Contender(partial(measured, "benchmarks.tuned_loop", *counted)),
        **compiled(counted),
        "PyTorch Lightning": Contender(
            partial(measured, "benchmarks.lightning_loop", *counted, python=peers)
        ),
        "Keras on JAX": Contender(
            partial(measured, "benchmarks.keras_loop", *counted, python=peers)
        ),
        "JAX, an epoch compiled": Contender(
            partial(measured, "benchmarks.jax_loop", *counted, python=peers)
        ),
        "bnbench, 1 thread": Contender(partial(ours, 1, 1), cores=1),
        f"bnbench, {CORES} threads": Contender(partial(ours, CORES, 1)),
        f"bnbench, {CORES} runs side by side": Contender(partial(ours, 1, CORES)),
    }


def compiled(counted: tuple[str, str]) -> dict[str, Contender]:
    """The tuned loop under ``torch.compile``, where there is the C++ compiler that it needs."""
    if shutil.which("g++") is None:
        return {}
    program = partial(measured, "benchmarks.tuned_loop", *counted, "compiled")
    return {"tuned PyTorch loop, compiled": Contender(program)}


def ours(threads: int, jobs: int) -> Measurement:
    """Measure runs of bnbench; side by side, what a run costs is its time over their number."""
    settings = {
        "training.epochs": EPOCHS,
        "training.threads": threads,
        "training.shuffle": "true",
        "training.softmax_before_loss": "false",
    }
    overrides = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    seeds = ("--seeds", str(jobs), "--jobs", str(jobs))
    runs = trained("-c", "configs/published/lenet5.yaml", *overrides, *seeds)
    each = [_measurement(run) for run in runs]
    return Measurement(
        _per_run([one.seconds for one in each], jobs),
        each[0].accuracy,
        max(one.peak_mib for one in each),
        _per_run([one.scoring for one in each], jobs),
    )


def _per_run(seconds: Sequence[list[float]], jobs: int) -> list[float]:
    """Average each epoch over the runs; `jobs` of them went at a time."""
    return [mean(epoch) / jobs for epoch in zip(*seconds, strict=True)]


def _measurement(run: Trained) -> Measurement:
    """Divide the time of evaluation between the two splits by their numbers of images."""
    sizes = run.manifest["dataset"]
    share = sizes["train_examples"] / (sizes["train_examples"] + sizes["validation_examples"])
    trained, evaluated = run.seconds("train_seconds"), run.seconds("evaluation_seconds")
    return Measurement(
        [one + (1 - share) * other for one, other in zip(trained, evaluated, strict=True)],
        run.manifest["final"]["validation_accuracy"],
        run.manifest["peak_memory_mib"],
        [share * seconds for seconds in evaluated],
    )


def rows_of(
    measurements: Mapping[str, Sequence[Measurement]], floors: Mapping[str, float]
) -> list[list[str]]:
    """Lay the rounds of every contender out; `floors` are seconds an epoch on its cores."""
    seconds = {
        name: [median(one.seconds[1:]) for one in rounds] for name, rounds in measurements.items()
    }
    baseline = median(seconds[PLAIN])
    return [
        [
            name,
            *(f"{value:.2f}" for value in (median(values), min(values), max(values))),
            f"{baseline / median(values):.2f}",
            f"{median(values) / floors[name]:.1f}",
            _scored(measurements[name]),
            f"{median(one.accuracy for one in measurements[name]):.3f}",
            f"{max(one.peak_mib for one in measurements[name]):.0f}",
        ]
        for name, values in seconds.items()
    ]


def _scored(rounds: Sequence[Measurement]) -> str:
    """Give the epoch with the pass over the training split, where there is one."""
    if not rounds[0].scoring:
        return ""
    whole = [median(map(sum, zip(one.seconds[1:], one.scoring[1:], strict=True)))
             for one in rounds]  # fmt: skip
    return f"{median(whole):.2f}"


def main(peers: str, path: Path) -> None:
    """Measure in alternating rounds, print the table and write it."""
    measurements: dict[str, list[Measurement]] = defaultdict(list)
    rates: dict[int, list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        output("-m", "benchmarks.arrays", folder)
        known = contenders(peers, folder)
        for _ in range(ROUNDS):
            for name, contender in known.items():
                measurements[name].append(contender.measure())
            for cores in {contender.cores for contender in known.values()}:
                rates[cores].append(measured_rate(cores))
    work = operations().of_epoch(training=60_000, evaluation=10_000)
    floors = {name: work / median(rates[one.cores]) for name, one in known.items()}
    rows = rows_of(measurements, floors)
    publish(HEADER, rows, _context(work, rates), path)


def _context(work: int, rates: Mapping[int, Sequence[float]]) -> str:
    """Say what the floor is made of, and where all was measured."""
    floor = "; ".join(
        f"{median(values) / 1e9:.0f} GFLOP/s and {work / median(values):.2f} s on {cores}"
        for cores, values in sorted(rates.items())
    )
    return (
        f"{ROUNDS} rounds, one epoch each after one that does not count. Floor: {work / 1e9:.0f}"
        f" GFLOP an epoch; by number of cores, {floor}. With scoring: the training split scored"
        f" after the epoch too. {machine()}."
    )


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "jax"
    main(sys.argv[1], Path(sys.argv[2]))
