"""Training: the loop as an iterator of results, evaluation, and a run from config to files."""

from bnbench.training.check import check_experiment
from bnbench.training.experiment import run_experiment
from bnbench.training.loop import train
from bnbench.training.weights import load_weights

__all__ = ["check_experiment", "load_weights", "run_experiment", "train"]
