"""Where a training step and an evaluation batch of bnbench spend their time, by operator.

``make bench-peers`` prints the table: microseconds of each operator itself on one thread, by
`torch.profiler`, which makes every call of an operator dearer than it is; the last rows compare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

from torch.profiler import ProfilerActivity, profile, record_function

from benchmarks.table import machine, publish, table_file
from bnbench.config import Experiment, load_experiment
from bnbench.data import Split, Splits, data_folder, load_splits
from bnbench.kernels.arrays import FORWARD, Call
from bnbench.models import resolve_model
from bnbench.training.device import reproducible
from bnbench.training.evaluation import EVALUATION_BATCH
from bnbench.training.initialization import initial_model
from bnbench.training.learner import BLOCK, Learner
from bnbench.training.loop import train

ARMS = {"plain": "published/lenet5", "batch norm": "published/lenet5_batchnorm"}
BLOCKS = 4
SHOWN = 14
HEADER = ("µs", *(f"{arm}: {what}" for arm in ARMS for what in ("step", "evaluation")))


@dataclass(frozen=True)
class Times:
    """Microseconds of one step or batch."""

    operators: Mapping[str, float]
    with_profiler: float
    without: float


def step_times(experiment: Experiment, splits: Splits) -> Times:
    """Measure training steps, shuffled batches of 64."""
    model = initial_model(resolve_model(experiment), experiment.training.initialization, 0)
    blocks = train(model, splits, experiment.training, 0)
    return _times(lambda: list(islice(blocks, BLOCKS)), BLOCKS * BLOCK)


def evaluation_times(experiment: Experiment, splits: Splits) -> Times:
    """Measure evaluation batches of 128."""
    model = initial_model(resolve_model(experiment), experiment.training.initialization, 0)
    batches = BLOCKS * BLOCK // 4
    images = slice(0, batches * EVALUATION_BATCH)
    split = Split(splits.train.images[images], splits.train.labels[images])
    learner = Learner(model, split, experiment.training)  # with the kernels that a run has
    return _times(lambda: learner.evaluate(split), batches)


def _times(work: Callable[[], object], count: int) -> Times:
    """Warm up, then work once without the profiler and once with it."""
    work()
    without = seconds(work)
    with named_calls(), profile(activities=[ProfilerActivity.CPU]) as profiler:
        with_profiler = seconds(work)
    operators = {event.key: event.self_cpu_time_total / count for event in profiler.key_averages()}
    return Times(operators, with_profiler * 1e6 / count, without * 1e6 / count)


def named_calls() -> AbstractContextManager[object]:
    """Let the profiler see the calls of loops, which are no operators of PyTorch's."""
    plain = Call.__call__

    def named(call: Call) -> None:
        with record_function(_name(call)):
            plain(call)

    return patch.object(Call, "__call__", named)


def _name(call: Call) -> str:
    """What a call does: a layer's loops are told their stages."""
    if call.loops.__name__ == "layer":
        return "loops: forward" if call.arguments[2] & FORWARD else "loops: backward"
    return "loops: gather" if call.loops.__name__ == "_gather" else "loops: cross-entropy"


def seconds(work: Callable[[], object]) -> float:
    """Take the time of some work."""
    started = perf_counter()
    work()
    return perf_counter() - started


def rows_of(columns: list[Times]) -> list[list[str]]:
    """Lay the dearest operators out, what the others take, and the Python between them."""
    totals: dict[str, float] = defaultdict(float)
    for times in columns:
        for name, value in times.operators.items():
            totals[name] += value
    dearest = sorted(totals, key=lambda name: -totals[name])[:SHOWN]
    rows = [_row(f"`{name}`", [one.operators.get(name, 0.0) for one in columns])
            for name in dearest]  # fmt: skip
    inside = [sum(one.operators.values()) for one in columns]
    shown = [sum(one.operators.get(name, 0.0) for name in dearest) for one in columns]
    return [
        *rows,
        _row("other operators", [all_ - some for all_, some in zip(inside, shown, strict=True)]),
        _row("between operators", [one.with_profiler - operators
                                   for one, operators in zip(columns, inside, strict=True)]),
        _row("all, with the profiler", [one.with_profiler for one in columns]),
        _row("all, without it", [one.without for one in columns]),
    ]  # fmt: skip


def _row(name: str, values: list[float]) -> list[str]:
    return [name, *(f"{value:.0f}" for value in values)]


def main(path: Path) -> None:
    """Measure both published arms, print the table and write it."""
    columns = []
    with reproducible(1):
        for name in ARMS.values():
            experiment = load_experiment(f"configs/{name}.yaml", ["training.shuffle=true"])
            splits = load_splits(experiment.data, data_folder())
            columns += [step_times(experiment, splits), evaluation_times(experiment, splits)]
    context = (
        f"Microseconds of a step (64 images) over {BLOCKS * BLOCK} steps, and of an"
        f" evaluation batch ({EVALUATION_BATCH} images), on one thread; {machine()}."
    )
    publish(HEADER, rows_of(columns), context, path)


if __name__ == "__main__":
    main(table_file())
