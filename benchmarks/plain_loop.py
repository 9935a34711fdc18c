"""The baseline: the published recipe as people write it, over a `DataLoader`.

Run as a program, with the arm, the number of epochs and the device, it tells the seconds of each.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from time import perf_counter

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks.measurement import tell
from benchmarks.network import lenet5
from bnbench.data import data_folder, fetch, find_dataset

Loader = DataLoader[tuple[torch.Tensor, int]]


def loaders() -> tuple[Loader, Loader]:
    """MNIST's training and test file, each image prepared whenever it is read."""
    folder = str(fetch(find_dataset("mnist"), data_folder()).parents[1])
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Resize((32, 32))])
    training = datasets.MNIST(folder, train=True, transform=prepare)
    validation = datasets.MNIST(folder, train=False, transform=prepare)
    return DataLoader(training, 64), DataLoader(validation, 64)


def on(device: str, loader: Loader) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Give the loader's batches, moved one by one."""
    for images, labels in loader:
        yield images.to(device), labels.to(device)


def train(model: nn.Module, optimizer: torch.optim.Optimizer, loader: Loader, device: str) -> None:
    """Do one epoch; as the article's code, never ask for the training mode again."""
    for images, labels in on(device, loader):
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        loss.item()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


@torch.no_grad()
def accuracy(model: nn.Module, loader: Loader, device: str) -> float:
    """Share of correct answers, by a pass of its own."""
    model.eval()
    right = total = 0
    for images, labels in on(device, loader):
        right += int((model(images).argmax(dim=1) == labels).sum())
        total += len(labels)
    return right / total


@torch.no_grad()
def validate(model: nn.Module, loader: Loader, device: str) -> float:
    """Go through validation twice, for the loss and for the accuracy."""
    for images, labels in on(device, loader):
        functional.cross_entropy(model(images), labels).item()
    return accuracy(model, loader, device)


def main(arm: str, epochs: int, device: str = "cpu") -> None:
    """Train, score the training split, and validate, so many times."""
    training, validation = loaders()
    torch.manual_seed(0)
    model = nn.Sequential(lenet5(batch_norm=arm == "batch_norm"), nn.Softmax(dim=1)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    seconds, scoring = [], []
    for _ in range(epochs):
        started = perf_counter()
        train(model, optimizer, training, device)
        trained = perf_counter()
        accuracy(model, training, device)
        scored = perf_counter()
        reached = validate(model, validation, device)
        seconds.append(perf_counter() - scored + trained - started)
        scoring.append(scored - trained)
    tell(seconds, reached, scoring)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
