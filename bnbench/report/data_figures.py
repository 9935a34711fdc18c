"""``bnbench data show``: a grid of the images, and what min-max and z-score do to a sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnbench.plots import style
from bnbench.plots.digits import plot_digits
from bnbench.plots.normalization import SCALINGS, normalized, plot_normalization
from bnbench.report.files import write_table, writing

# N images, H rows, W columns

PER_CLASS = 5
DRAWS, HIGHEST = 50, 20  # the first article's sample: 50 draws from U(0, 20)


def show_data(
    images_NHW: NDArray[np.uint8], labels_N: NDArray[np.integer], out: Path, seed: int = 0
) -> list[Path]:
    """Draw some images of each class, and the histograms before and after normalization.

    Parameters
    ----------
    images_NHW : ndarray of uint8, shape (N, H, W)
        0 is the background.
    labels_N : ndarray of int, shape (N,)
    out : Path
        Folder.
    seed : int, default 0
        Of the choice of images and of the sample.

    Returns
    -------
    list of Path
        ``digits.png`` and ``.svg``; ``normalization.png``, ``.svg`` and ``.csv``.
    """
    rng = np.random.default_rng(seed)
    chosen = _of_each_class(labels_N, rng)
    sample = rng.uniform(0, HIGHEST, DRAWS)
    with writing(out):
        return [
            *_draw_digits(images_NHW[chosen], labels_N[chosen], out),
            *_draw_normalization(sample, out),
        ]


def _of_each_class(labels_N: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose `PER_CLASS` images of each class, ordered so that each class is a column."""
    members = [np.flatnonzero(labels_N == label) for label in np.unique(labels_N)]
    fewest = min(PER_CLASS, *map(len, members))
    return np.stack([rng.choice(places, fewest, replace=False) for places in members], 1).ravel()


def _draw_digits(
    images_NHW: NDArray[np.uint8], labels_N: NDArray[np.integer], out: Path
) -> list[Path]:
    columns = len(np.unique(labels_N))
    rows = len(labels_N) // columns
    with style.figure(style.PAGE_WIDTH * rows / columns) as figure:
        plot_digits(images_NHW, labels_N, ax=figure.subplots(), columns=columns)
        return style.save(figure, out, "digits")


def _draw_normalization(sample: NDArray[np.float64], out: Path) -> list[Path]:
    table = normalized(sample)
    with style.figure(2.6) as figure:
        axes = figure.subplots(1, len(SCALINGS), sharey=True)
        for scaling, ax in zip(SCALINGS, axes, strict=True):
            plot_normalization(table, scaling=scaling, ax=ax)
        paths = style.save(figure, out, "normalization")
    return [*paths, write_table(table, out / "normalization.csv")]
