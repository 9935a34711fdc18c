"""The published recipe by a second route: a plain loop over torchvision's data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Subset

from benchmarks.network import lenet5
from bnbench.config import load_experiment
from bnbench.runs import BatchRows, EpochRow
from bnbench.training import run_experiment

STEPS = 100
EXAMPLES = 64 * STEPS
SEED = 11


Batches = list[tuple[Tensor, Tensor]]


@pytest.fixture(scope="module")
def batches(data_dir: Path) -> tuple[Batches, Batches]:
    """The article's batches of training and of validation images, which take seconds to prepare."""
    from torchvision import datasets, transforms

    prepare = transforms.Compose([transforms.ToTensor(), transforms.Resize((32, 32))])
    training = datasets.MNIST(str(data_dir), train=True, transform=prepare)
    validation = datasets.MNIST(str(data_dir), train=False, transform=prepare)
    both = Subset(training, range(EXAMPLES)), validation
    train, validate = ([(x, y) for x, y in DataLoader(images, 64)] for images in both)
    return train, validate


def published_run(
    training: Batches, validation: Batches, *, batch_norm: bool
) -> tuple[list[float], float]:
    """Train one epoch as the article does; losses of its batches, and validation accuracy."""
    torch.set_num_threads(1)  # two threads collapse when anything else runs beside
    torch.manual_seed(SEED)
    network = nn.Sequential(lenet5(batch_norm=batch_norm), nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.constant_(layer.bias, 0.01)
    losses = []
    for images, labels in training:
        optimizer.zero_grad()
        loss = functional.cross_entropy(network(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    right = 0
    with torch.no_grad():
        for images, labels in validation:
            right += int((network(images).argmax(dim=1) == labels).sum())
    return losses, right / sum(len(labels) for _, labels in validation)


@pytest.mark.parametrize(("name", "batch_norm"), [("lenet5", False), ("lenet5_batchnorm", True)])
def test_program_is_the_published_code(
    name: str,
    batch_norm: bool,
    root: Path,
    batches: tuple[Batches, Batches],
    data_dir: Path,
    tmp_path: Path,
) -> None:
    expected_losses, expected_accuracy = published_run(*batches, batch_norm=batch_norm)
    changes = ["training.epochs=1", f"data.train_examples={EXAMPLES}"]
    experiment = load_experiment(root / f"configs/published/{name}.yaml", changes)
    rows = list(run_experiment(experiment, SEED, tmp_path, data_dir=data_dir))
    trained = [row for row in rows if isinstance(row, BatchRows) and row.split == "train"]
    losses = np.concatenate([row.losses for row in trained])
    assert len(losses) == len(expected_losses) == STEPS
    np.testing.assert_allclose(losses, expected_losses, rtol=0, atol=1e-4)
    (epoch,) = [row for row in rows if isinstance(row, EpochRow)]
    assert epoch.validation_accuracy == pytest.approx(expected_accuracy, abs=0.002)
