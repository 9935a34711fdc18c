"""Which values of a layer stand for all: those of some units, and of maps those of some pixels."""

from __future__ import annotations

import torch
from torch import Tensor

UNITS = 16
POSITIONS = 2


def units_of(count: int) -> Tensor:
    """Space at most 16 units evenly."""
    chosen = min(count, UNITS)
    return torch.arange(chosen) * count // chosen


def pixels_of(height: int, width: int) -> list[tuple[int, int]]:
    """Name 2 x 2 pixels of a map, a third and two thirds down and across."""
    rows, columns = (
        [size * (position + 1) // (POSITIONS + 1) for position in range(POSITIONS)]
        for size in (height, width)
    )
    return [(row, column) for row in rows for column in columns]


def sample(values: Tensor) -> Tensor:
    """Choose units and pixels: (N, C, H, W) or (N, F) to (units, n), n pixel by pixel."""
    units = units_of(values.shape[1]).to(values.device)
    if values.dim() == 2:
        return values.t()[units]
    pixels = pixels_of(values.shape[2], values.shape[3])
    return torch.cat([values[:, :, row, column].t()[units] for row, column in pixels], dim=1)
