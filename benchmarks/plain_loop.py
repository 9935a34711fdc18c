"""The baseline: the published recipe as people write it, over a `DataLoader`, one epoch.

Run as a program it prints, as JSON, the seconds of the epoch with all its evaluations.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from bnbench.data import data_folder, fetch, find_dataset


def network(*, batch_norm: bool) -> nn.Sequential:
    """LeNet-5 ending in a softmax, batch norm after the tanh."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5),
        nn.Tanh(),
        nn.BatchNorm2d(6) if batch_norm else nn.Identity(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.BatchNorm2d(16) if batch_norm else nn.Identity(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
        nn.Softmax(dim=1),
    )


def accuracy(model: nn.Module, loader: DataLoader[tuple[torch.Tensor, int]]) -> float:
    """Share of correct answers, by a pass of its own."""
    model.eval()
    right = total = 0
    for images, labels in loader:
        right += int((model(images).argmax(dim=1) == labels).sum())
        total += len(labels)
    return right / total


def epoch_seconds(*, batch_norm: bool) -> float:
    """Train for one epoch, score the training split, and go through validation twice."""
    folder = str(fetch(find_dataset("mnist"), data_folder()).parents[1])
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Resize((32, 32))])
    training = DataLoader(datasets.MNIST(folder, train=True, transform=prepare), 64)
    validation = DataLoader(datasets.MNIST(folder, train=False, transform=prepare), 64)
    torch.manual_seed(0)
    model = network(batch_norm=batch_norm)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    started = perf_counter()
    for images, labels in training:
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        loss.item()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        accuracy(model, training)
        for images, labels in validation:
            functional.cross_entropy(model(images), labels).item()
        accuracy(model, validation)
    return perf_counter() - started


if __name__ == "__main__":
    json.dump({"seconds": epoch_seconds(batch_norm=sys.argv[1] == "batch_norm")}, sys.stdout)
