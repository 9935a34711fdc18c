"""The size of the images follows from the network: no config has to repeat it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bnbench.config import load_experiment
from bnbench.data import data_folder, load_splits
from bnbench.models.input_size import fitted_data
from bnbench.training.check import check_experiment

DIGITS = "data.dataset=digits"


@pytest.mark.parametrize(("config", "size"), [("mlp", 28), ("lenet5", 32)])
def test_the_default_fits_every_network(root: Path, config: str, size: int) -> None:
    experiment = load_experiment(root / f"configs/{config}.yaml", ["data.resize=pad", DIGITS])
    check_experiment(experiment)
    images = load_splits(fitted_data(experiment), data_folder()).train.images
    assert images.shape[-2:] == (size, size)
    stored = load_experiment(root / f"configs/{config}.yaml", ["data.resize=none", DIGITS])
    inner = slice(2, 30) if size == 32 else slice(None)
    as_stored = load_splits(stored.data, data_folder()).train.images
    assert torch.equal(images[..., inner, inner], as_stored)
