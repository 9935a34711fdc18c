"""The floor: what an epoch's products of matrices would take at the rate of a large one.

Only convolutions and linear layers count: forward, and backward the gradients of weights and, but
for the images, of inputs. Activations, pooling, the optimizer and reading the batch come on top.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measurement import output
from benchmarks.network import lenet5

SIDE = 1536
REPEATS = 7


@dataclass(frozen=True)
class Operations:
    """Floating-point operations, a multiplication and an addition being two, for one image."""

    training: int
    evaluation: int

    def of_epoch(self, training: int, evaluation: int) -> int:
        """Sum them up over so many images of each kind."""
        return self.training * training + self.evaluation * evaluation


def operations() -> Operations:
    """Count them for LeNet-5."""
    model, image = lenet5(), torch.zeros(1, 1, 32, 32)
    with FlopCounterMode(display=False) as forward:
        logits = model(image)
    with FlopCounterMode(display=False) as backward:
        logits.sum().backward()
    evaluation = forward.get_total_flops()
    return Operations(evaluation + backward.get_total_flops(), evaluation)


def rate(threads: int) -> float:
    """Measure operations a second of a float32 product of two square matrices; the median."""
    torch.set_num_threads(threads)
    matrix = torch.rand(SIDE, SIDE)
    matrix @ matrix
    seconds = []
    for _ in range(REPEATS):
        started = perf_counter()
        matrix @ matrix
        seconds.append(perf_counter() - started)
    return 2 * SIDE**3 / median(seconds)


def measured_rate(threads: int) -> float:
    """Measure the rate in a process of its own."""
    return float(output("-m", "benchmarks.floor", str(threads)))


if __name__ == "__main__":
    json.dump(rate(int(sys.argv[1])), sys.stdout)
