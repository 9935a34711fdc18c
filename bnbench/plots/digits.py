"""A grid of images with their labels: what the network is shown."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

# N images, H rows, W columns

LABEL = "#B34F00"  # letters need 4.5:1 against the paper, lines only 3:1


def plot_digits(
    images_NHW: NDArray[np.uint8], labels_N: NDArray[np.integer], *, ax: Axes, columns: int = 10
) -> None:
    """Draw images row by row, as ink on white, each with its label in the corner.

    Parameters
    ----------
    images_NHW : ndarray of uint8, shape (N, H, W)
        0 is the background.
    labels_N : ndarray of int, shape (N,)
    """
    count, height, width = images_NHW.shape
    rows = -(-count // columns)
    grid = np.zeros((rows * height, columns * width), np.uint8)
    for index, (image, label) in enumerate(zip(images_NHW, labels_N, strict=True)):
        top, left = index // columns * height, index % columns * width
        grid[top : top + height, left : left + width] = image
        ax.text(left + 1, top + 1, str(label), fontsize=7, color=LABEL, va="top", ha="left")
    ax.imshow(grid, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    ax.set_xticks(np.arange(columns + 1) * width - 0.5, [])
    ax.set_yticks(np.arange(rows + 1) * height - 0.5, [])
    ax.tick_params(length=0)
    ax.grid(visible=True, color="0.8")
    ax.spines[:].set_visible(False)
