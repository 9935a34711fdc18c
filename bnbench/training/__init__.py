"""Training: the loop as an iterator of results, evaluation, and a run from config to files."""

from bnbench.training.check import check_experiment
from bnbench.training.experiment import load_weights, run_experiment
from bnbench.training.loop import train

__all__ = ["check_experiment", "load_weights", "run_experiment", "train"]
