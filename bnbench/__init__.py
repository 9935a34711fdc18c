"""bnbench: does batch normalization help? The published benchmarks, re-run and corrected.

The names below are imported when they are first used: ``import bnbench`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnbench.config import Experiment, load_experiment
    from bnbench.errors import BnbenchError
    from bnbench.prediction import predict
    from bnbench.report.compare import compare
    from bnbench.runs import BatchRows, EpochRow, Run
    from bnbench.training import run_experiment

__all__ = [
    "BatchRows",
    "BnbenchError",
    "EpochRow",
    "Experiment",
    "Run",
    "compare",
    "load_experiment",
    "predict",
    "run_experiment",
]

_HOMES = {
    "BatchRows": "bnbench.runs",
    "BnbenchError": "bnbench.errors",
    "EpochRow": "bnbench.runs",
    "Experiment": "bnbench.config",
    "Run": "bnbench.runs",
    "compare": "bnbench.report.compare",
    "load_experiment": "bnbench.config",
    "predict": "bnbench.prediction",
    "run_experiment": "bnbench.training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bnbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
