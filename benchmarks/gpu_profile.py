"""Where a training step spends its time on a GPU, by kernel: alone, and stacked with nine others.

The steps are recorded ones, as in a run. "between operators" is the time in which no kernel runs.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.operator_times import ARMS, Times, rows_of, seconds
from benchmarks.table import publish, table_file
from bnbench.config import load_experiment
from bnbench.data import Splits, data_folder, load_splits
from bnbench.runs import versions
from bnbench.training.device import on_device, reproducible
from bnbench.training.loop import update
from bnbench.training.stack import build_learner

STACK = 10
STEPS = 500
HEADER = ("µs", *(f"{arm}: {how}" for arm in ARMS for how in ("alone", f"{STACK} seeds")))


def kernel_times(arm: str, stack: int | None, splits: Splits, steps: int = STEPS) -> Times:
    """Measure a step of an arm, on the device of the splits.

    Parameters
    ----------
    arm : str
        A config's name.
    stack : int, optional
        Seeds that are trained as one network.
    splits : Splits
    steps : int
        How many are timed, after as many that are not.
    """
    kind = splits.train.labels.device.type
    experiment = load_experiment(f"configs/{arm}.yaml", device=kind, stack=stack)
    learner = build_learner(experiment, experiment.training.seeds_with(0), splits)
    block = [torch.arange(64).expand(*learner.loss_shape, 64)] * steps

    def work() -> object:
        return learner.train_block(update, block)

    work()
    without = seconds(work)
    on_gpu = kind == "cuda"
    with profile(
        activities=[ProfilerActivity.CUDA if on_gpu else ProfilerActivity.CPU]
    ) as profiler:
        with_profiler = seconds(work)
    kernels = {
        event.key: (event.self_device_time_total if on_gpu else event.self_cpu_time_total) / steps
        for event in profiler.key_averages()
    }
    return Times(kernels, with_profiler * 1e6 / steps, without * 1e6 / steps)


def main(path: Path) -> None:
    """Measure both published arms, print the table and write it."""
    with reproducible(1):
        loaded = load_splits(load_experiment("configs/published/lenet5.yaml").data, data_folder())
        splits = on_device(loaded, torch.device("cuda"))
        columns = [
            kernel_times(arm, stack, splits) for arm in ARMS.values() for stack in (None, STACK)
        ]
    context = (
        f"Of a step (64 images of each seed) over {STEPS} recorded steps;"
        f" {torch.cuda.get_device_name()}, torch {versions()['torch']}."
    )
    publish(HEADER, rows_of(columns), context, path)


if __name__ == "__main__":
    main(table_file())
