"""A plain PyTorch loop by someone who knows what costs time: tensors in memory, no `DataLoader`.

A batch is an index into the tensors, the optimizer's kernel is fused, nothing is read back before
the epoch has ended, and evaluation is in inference mode.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.measurement import tell
from benchmarks.network import lenet5


def read(folder: Path, split: str) -> tuple[Tensor, Tensor]:
    """Read images (N, 1, 32, 32) and labels (N,) into memory."""
    images, labels = (np.load(folder / f"{split}_{what}.npy") for what in ("images", "labels"))
    return torch.from_numpy(images), torch.from_numpy(labels)


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
) -> tuple[float, float]:
    """Do one shuffled epoch; return its loss and accuracy."""
    model.train()
    loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for batch in torch.split(torch.randperm(len(labels)), 64):
        wanted = labels[batch]
        optimizer.zero_grad()
        logits = model(images[batch])
        loss = functional.cross_entropy(logits, wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        loss_sum += loss.detach() * len(batch)
        right += (logits.argmax(dim=1) == wanted).sum()
    return float(loss_sum) / len(labels), int(right) / len(labels)


@torch.inference_mode()
def validate(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return loss and accuracy of one pass."""
    model.eval()
    loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    for inputs, wanted in zip(torch.split(images, 128), torch.split(labels, 128), strict=True):
        logits = model(inputs)
        loss_sum += functional.cross_entropy(logits, wanted, reduction="sum")
        right += (logits.argmax(dim=1) == wanted).sum()
    return float(loss_sum) / len(labels), int(right) / len(labels)


def main(folder: Path, epochs: int, *, compiled: bool = False) -> None:
    """Train and validate, so many times, with the network as it is or compiled."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    training, validation = read(folder, "training"), read(folder, "validation")
    torch.manual_seed(0)
    model: nn.Module = lenet5()
    if compiled:
        model = torch.compile(model)  # type: ignore[assignment]
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    seconds = []
    for _ in range(epochs):
        started = perf_counter()
        train(model, optimizer, *training)
        _, accuracy = validate(model, *validation)
        seconds.append(perf_counter() - started)
    tell(seconds, accuracy)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), compiled="compiled" in sys.argv[3:])
