"""MNIST for the peers: what bnbench trains on, as four .npy files in a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from bnbench.config import load_experiment
from bnbench.data import data_folder, load_splits

EXPERIMENT = "configs/published/lenet5.yaml"


def main(folder: Path) -> None:
    """Write images, float32 (N, 1, 32, 32) in [0, 1], and labels, int64 (N,), of both splits."""
    splits = load_splits(load_experiment(EXPERIMENT).data, data_folder())
    for name, split in (("training", splits.train), ("validation", splits.validation)):
        np.save(folder / f"{name}_images.npy", split.images.numpy())
        np.save(folder / f"{name}_labels.npy", split.labels.numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
