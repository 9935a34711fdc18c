"""What probes cost: a run that is looked into against one that is not, and a look of each kind.

``make bench`` prints the table. The limits are those of the project.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.table import machine, publish
from benchmarks.trained import Trained, trained
from bnbench.probes import PROBES

EXAMPLES = int(os.environ.get("BENCH_EXAMPLES", "55000"))
FEW = 2_000
"""Training images of the runs in which single looks are measured."""
ROUNDS = 3
TWO = "[{kind: activations, every: 50, images: 1000}, {kind: gradients, every: 50, images: 1000}]"
MOST_TIMES, MOST_OF_A_SURFACE = 1.3, 60.0
PLAIN, PROBED = "a run of one epoch", "activations and gradients every 50 steps"
SURFACE = "a surface of 25 x 25 points, 2,000 images"


def one_run(probes: str, examples: int) -> Trained:
    """Train LeNet-5 with batch norm on all hidden layers for an epoch, with one thread."""
    settings = {"probes": probes, "data.train_examples": examples, "training.epochs": 1,
                "training.evaluate_every": "null"}  # fmt: skip
    overrides = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    (run,) = trained("lenet5_batchnorm_all", *overrides)
    return run


def whole_seconds(run: Trained) -> float:
    """Seconds of training, of evaluation and of looking."""
    looking = run.manifest["final"].get("probe_seconds") or {}
    return sum((*run.seconds("train_seconds"), *run.seconds("evaluation_seconds"),
                *looking.values()))  # fmt: skip


def looks(examples: int, images: int) -> dict[str, float]:
    """Measure one look of every kind of probe: before training, and at its end."""
    last = -(-examples // 64)
    probes = ", ".join(f"{{kind: {kind}, every: {last}, images: {images}}}" for kind in PROBES)
    run = one_run(f"[{probes}]", examples)
    return {kind: value / 2 for kind, value in run.manifest["final"]["probe_seconds"].items()}


def measured() -> dict[str, float]:
    """Take turns; the medians of all rounds, seconds."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        found[PLAIN].append(whole_seconds(one_run("[]", EXAMPLES)))
        found[PROBED].append(whole_seconds(one_run(TWO, EXAMPLES)))
        for kind, value in looks(FEW, FEW // 2).items():
            found[kind].append(value)
        surface = f"[{{kind: surface, every: {-(-FEW // 64)}, images: {FEW}}}]"
        (value,) = one_run(surface, FEW).manifest["final"]["probe_seconds"].values()
        found[SURFACE].append(value / 2)
    return {name: median(values) for name, values in found.items()}


def rows_of(seconds: Mapping[str, float]) -> Iterator[Sequence[str]]:
    """Lay the medians out, with the limits where there are any."""
    most = {PROBED: MOST_TIMES * seconds[PLAIN], SURFACE: MOST_OF_A_SURFACE}
    for name, value in seconds.items():
        title = f"a look of `{name}`, {FEW // 2:,} images" if name in PROBES else name
        yield title, f"{value:.2f}", f"{most[name]:.2f}" if name in most else ""


def main(path: Path) -> None:
    """Measure, print the table and write it."""
    context = (
        f"LeNet-5 with batch norm on all hidden layers, {EXAMPLES:,} images, one thread; medians of"
        f" {ROUNDS} rounds, in turn; {machine()}."
    )
    publish(("probes", "s", "at most"), list(rows_of(measured())), context, path)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
