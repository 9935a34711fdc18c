"""Curves drawn with characters: what a terminal can show of runs while they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bnbench.cli.terminal import percent

MARKS = "o+x*"
"""Of the first curve, of the second, and so on."""
MEETING = "#"
AXIS = 9  # columns in front of a chart: its labels, and a rule


def chart(
    curves: Mapping[str, Sequence[float]], epochs: int, width: int = 72, height: int = 12
) -> list[str]:
    """Draw accuracies per epoch.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Name -> accuracies in [0, 1], from epoch 1; a curve under way is shorter than `epochs`.
    epochs : int
        Epochs that the horizontal axis has room for.
    width, height : int
        Columns in all, and rows of the chart without its axis and legend.

    Returns
    -------
    list of str
        Lines of at most `width` columns.
    """
    values = [value for curve in curves.values() for value in curve]
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    grid = [[" "] * (width - AXIS) for _ in range(height)]
    for mark, curve in zip(MARKS, curves.values(), strict=False):
        for column, row in _places(curve, epochs, width - AXIS, height, low, high):
            grid[row][column] = mark if grid[row][column] in (" ", mark) else MEETING
    labels = {0: high, height - 1: low} if values else {}
    rows = [
        f"{percent(labels.get(place), 1):>{AXIS - 2}} │{''.join(line)}".rstrip()
        for place, line in enumerate(grid)
    ]
    return [*rows, *_axis(epochs, width), *_legend(curves)]


def _places(
    curve: Sequence[float], epochs: int, width: int, height: int, low: float, high: float
) -> list[tuple[int, int]]:
    """The cells of a curve: its points, and a straight line from each to the next."""
    columns = [round(place * (width - 1) / max(1, epochs - 1)) for place in range(len(curve))]
    cells = []
    for column in range(columns[-1] + 1 if columns else 0):
        after = next(place for place, at in enumerate(columns) if at >= column)
        value = curve[after]
        if after and columns[after] > column:
            share = (column - columns[after - 1]) / (columns[after] - columns[after - 1])
            value = curve[after - 1] + share * (curve[after] - curve[after - 1])
        fraction = (value - low) / (high - low) if high > low else 1.0
        cells.append((column, round((1 - fraction) * (height - 1))))
    return cells


def _axis(epochs: int, width: int) -> list[str]:
    ends = f"epoch 1{epochs:>{width - AXIS - 7}}" if epochs > 1 else "epoch 1"
    return [" " * (AXIS - 2) + " └" + "─" * (width - AXIS), " " * AXIS + ends]


def _legend(curves: Mapping[str, Sequence[float]]) -> list[str]:
    lines = [
        f"{mark:>{AXIS - 1}} {name}" + (f": {percent(curve[-1], 1)}" if curve else "")
        for mark, (name, curve) in zip(MARKS, curves.items(), strict=False)
    ]
    return [*lines, f"{MEETING:>{AXIS - 1}} where they meet"] if len(curves) > 1 else lines
