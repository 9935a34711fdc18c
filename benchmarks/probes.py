"""What probes cost: runs that are looked into against one that is not, and a look of each kind.

``make bench`` prints the table, and takes five minutes for it. The limits are those of the project.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.table import machine, publish, table_file
from benchmarks.trained import Trained, trained
from bnbench.probes import PROBES

EXAMPLES = int(os.environ.get("BENCH_EXAMPLES", "55000"))
FEW = 2_000
"""Training images of the runs in which single looks are measured."""
ROUNDS = 3
"""Of the runs; a single look of those that take long is measured well enough once."""
ACTIVATIONS, GRADIENTS = "kind: activations, every: 50", "kind: gradients, every: 50"
PLAIN, BOTH = "a run of one epoch", "with both"
RUNS = {
    PLAIN: "[]",
    "with `activations` every 50 steps": f"[{{{ACTIVATIONS}}}]",
    "with `gradients` every 50 steps": f"[{{{GRADIENTS}}}]",
    BOTH: f"[{{{ACTIVATIONS}}}, {{{GRADIENTS}}}]",
    "with both, of 1,000 images": (
        f"[{{{ACTIVATIONS}, images: 1000}}, {{{GRADIENTS}, images: 1000}}]"
    ),
}
MOST_TIMES, MOST_OF_A_SURFACE = 1.3, 60.0
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


def looks(kinds: Sequence[str], images: int) -> dict[str, float]:
    """Measure one look of each kind, seconds: the mean of those before and after the training."""
    last = -(-FEW // 64)
    probes = ", ".join(f"{{kind: {kind}, every: {last}, images: {images}}}" for kind in kinds)
    run = one_run(f"[{probes}]", FEW)
    return {kind: value / 2 for kind, value in run.manifest["final"]["probe_seconds"].items()}


def measured() -> dict[str, float]:
    """Take turns with the runs, of which the medians count; then look with each kind."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, probes in RUNS.items():
            found[name].append(whole_seconds(one_run(probes, EXAMPLES)))
    seconds = {name: median(values) for name, values in found.items()}
    others = [kind for kind in PROBES if kind != "surface"]
    return seconds | looks(others, FEW // 2) | {SURFACE: looks(["surface"], FEW)["surface"]}


def rows_of(seconds: Mapping[str, float]) -> Iterator[Sequence[str]]:
    """Lay the seconds out, with the limits where there are any."""
    most = {BOTH: MOST_TIMES * seconds[PLAIN], SURFACE: MOST_OF_A_SURFACE}
    for name, value in seconds.items():
        title = f"a look of `{name}`, {FEW // 2:,} images" if name in PROBES else name
        times = f"{value / seconds[PLAIN]:.2f}" if name in RUNS else ""
        yield title, f"{value:.2f}", times, f"{most[name]:.2f}" if name in most else ""


def main(path: Path) -> None:
    """Measure, print the table and write it."""
    context = (
        f"LeNet-5 with batch norm on all hidden layers, {EXAMPLES:,} images, one thread; of runs"
        f" medians of {ROUNDS} rounds, in turn. Probes of runs look at 500 images, the default,"
        f" where a row says nothing else. {machine()}."
    )
    publish(("", "s", "times", "at most (s)"), list(rows_of(measured())), context, path)


if __name__ == "__main__":
    main(table_file())
