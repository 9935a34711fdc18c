"""Ways to compute one convolution of each of ten seeds: a step of it, forward and backward.

A stack makes a first convolution that has as many groups as input channels, for which PyTorch has
a kernel of its own, known to be slow. `main` prints a table; on a GPU each way is a CUDA graph.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.table import publish, table_file
from bnbench.runs import versions
from bnbench.training.capture import cuda_graph

SEEDS, EXAMPLES = 10, 64
LAYERS = {"first": (1, 6, 32), "second": (6, 16, 14)}
"""Of LeNet-5: channels in, channels out, and height and width of the maps."""
SIDE = 5  # of the kernels
REPEATS, ROUNDS = 100, 7

Way = Callable[[Tensor, Tensor], Tensor]
"""Maps (S, N, C, H, W) and weights (S, K, C, 5, 5) -> (S, N, K, H - 4, W - 4)."""


def grouped(x: Tensor, weight: Tensor) -> Tensor:
    """One convolution with a group for each seed, as `bnbench.training.stack` has it."""
    seeds = len(x)
    channels = x.transpose(0, 1).flatten(1, 2)
    y = functional.conv2d(channels, weight.flatten(0, 1), groups=seeds)
    return y.view(len(y), seeds, -1, *y.shape[2:]).transpose(0, 1)


def unfolded(x: Tensor, weight: Tensor) -> Tensor:
    """A batched product with the pixels under the kernel side by side."""
    columns = functional.unfold(x.flatten(0, 1), SIDE)  # (S N, C 25, places)
    columns = columns.view(*x.shape[:2], *columns.shape[1:])
    columns = columns.transpose(1, 2).flatten(2)  # (S, C 25, N places)
    y = torch.bmm(weight.flatten(2), columns)
    height, width = (size - SIDE + 1 for size in x.shape[-2:])
    return y.view(*y.shape[:2], x.shape[1], height, width).transpose(1, 2)


def mapped(x: Tensor, weight: Tensor) -> Tensor:
    """What `torch.func.vmap` makes of a convolution."""
    y: Tensor = torch.func.vmap(functional.conv2d)(x, weight)
    return y


def one_by_one(x: Tensor, weight: Tensor) -> Tensor:
    """A convolution for each seed, one after the other."""
    return torch.stack([functional.conv2d(*pair) for pair in zip(x, weight, strict=True)])


WAYS: dict[str, Way] = {
    "grouped": grouped, "unfold, batched product": unfolded, "vmap": mapped,
    "one after the other": one_by_one,
}  # fmt: skip


def step(way: Way, x: Tensor, weight: Tensor) -> tuple[Tensor, ...]:
    """Compute a way's maps, and the gradients of half their square sum."""
    y = way(x, weight)
    wanted = (weight, x) if x.requires_grad else (weight,)  # an image needs none
    return y, *torch.autograd.grad(y, wanted, y.detach())


def microseconds(way: Way, layer: str, device: str, repeats: int = REPEATS) -> float:
    """Take the median over rounds of a step's time."""
    channels, maps, side = LAYERS[layer]
    x = torch.randn(SEEDS, EXAMPLES, channels, side, side, device=device)
    weight = torch.randn(SEEDS, maps, channels, SIDE, SIDE, device=device, requires_grad=True)
    x.requires_grad_(layer != "first")

    def once() -> None:
        step(way, x, weight)

    again = cuda_graph(once) if device == "cuda" else once
    return median(_timed(again, repeats, device) for _ in range(ROUNDS))


def _timed(again: Callable[[], object], repeats: int, device: str) -> float:
    _wait(device)
    started = perf_counter()
    for _ in range(repeats):
        again()
    _wait(device)
    return 1e6 * (perf_counter() - started) / repeats


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def rows(device: str, repeats: int = REPEATS) -> list[list[str]]:
    """Measure every way, layer by layer."""
    return [
        [name, *(f"{microseconds(way, layer, device, repeats):.0f}" for layer in LAYERS)]
        for name, way in WAYS.items()
    ]


def main(path: Path, device: str = "cuda") -> None:
    """Print the table."""
    card = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    context = (
        f"µs of a step of LeNet-5's convolutions, {SEEDS} seeds of {EXAMPLES} images; median of"
        f" {ROUNDS} rounds of {REPEATS} steps; {card}, torch {versions()['torch']}."
    )
    publish(("", *(f"{layer} convolution" for layer in LAYERS)), rows(device), context, path)


if __name__ == "__main__":
    main(table_file(), *sys.argv[2:])
