"""bnbench: does batch normalization help? The published benchmarks, re-run and corrected.

The names below are imported when they are first used: ``import bnbench`` costs nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bnbench.config import Experiment, load_experiment
    from bnbench.errors import BnbenchError
    from bnbench.findings.load import load_results
    from bnbench.prediction import load_data, load_model, predict
    from bnbench.report.notebook import compare, plot_accuracy, plot_difference
    from bnbench.runs import BatchRows, EpochRow, Run
    from bnbench.training import run_experiment

__all__ = [
    "BatchRows",
    "BnbenchError",
    "EpochRow",
    "Experiment",
    "Run",
    "compare",
    "load_data",
    "load_experiment",
    "load_model",
    "load_results",
    "plot_accuracy",
    "plot_difference",
    "predict",
    "run_experiment",
]

_HOMES = {
    "BatchRows": "bnbench.runs",
    "BnbenchError": "bnbench.errors",
    "EpochRow": "bnbench.runs",
    "Experiment": "bnbench.config",
    "Run": "bnbench.runs",
    "compare": "bnbench.report.notebook",
    "load_data": "bnbench.prediction",
    "load_experiment": "bnbench.config",
    "load_model": "bnbench.prediction",
    "load_results": "bnbench.findings.load",
    "plot_accuracy": "bnbench.report.notebook",
    "plot_difference": "bnbench.report.notebook",
    "predict": "bnbench.prediction",
    "run_experiment": "bnbench.training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'bnbench' has no attribute {name!r}")
    _drop_missing_backend()
    return getattr(import_module(_HOMES[name]), name)


def _drop_missing_backend() -> None:
    """Forget a notebook's ``MPLBACKEND`` that is not installed: matplotlib would not even start."""
    kind, _, module = os.environ.get("MPLBACKEND", "").partition("://")
    if kind == "module" and find_spec(module.partition(".")[0]) is None:
        del os.environ["MPLBACKEND"]
