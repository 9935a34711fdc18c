"""The process that runs are copied from, started while the command still imports PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from bnbench.cli.options import Executor, RunOptions
from bnbench.config import Experiment
from bnbench.execution import fork_server
from bnbench.runs import run_directory


def head_start(how: RunOptions, experiments: Iterable[Experiment], seeds: Sequence[int]) -> None:
    """Start it where runs are missing. It ends with the command, should no run need it."""
    missing = (
        not run_directory(how.results, experiment, seed).manifest.exists()
        for experiment, seed in product(experiments, seeds)
    )
    if how.executor is Executor.LOCAL and (how.fresh or any(missing)):
        fork_server.start()
