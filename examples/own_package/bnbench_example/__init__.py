"""What the entry point imports; each file registers what it has."""

from bnbench_example import data, models, normalizations

__all__ = ["data", "models", "normalizations"]
