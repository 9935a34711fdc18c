"""scikit-learn's 1,797 handwritten digits in MNIST's shape: small, and there without a network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bnbench.data.datasets import Dataset, Examples, PublishedData, hashed
from bnbench.errors import BnbenchError

# N examples, H rows, W columns

TRAIN_EXAMPLES: Final = 1_500  # of 1,797

_SIDE: Final = 8
_TARGET: Final = 28
_FULL: Final = 16  # the files' values: how many of the 4 x 4 dots under a pixel are black
_FOURTEENTHS: Final = 14  # 28 / 8 = 7 / 2 pixels for one: weights are multiples of 1/14


def load_digits() -> PublishedData:
    """Load the digits as 28 x 28 images: the first 1,500 train, the last 297 test.

    Returns
    -------
    PublishedData
        Images uint8 (N, 28, 28), 0 is background and 255 full ink; labels uint8 (N,). The hash
        is over the resulting bytes, which are the same on every machine.
    """
    table = np.loadtxt(_file(), delimiter=",", dtype=np.int64)  # (N, 64 pixels and the label)
    images_NHW = enlarge(table[:, :-1].reshape(-1, _SIDE, _SIDE))
    labels_N = table[:, -1].astype(np.uint8)
    train = Examples(images_NHW[:TRAIN_EXAMPLES], labels_N[:TRAIN_EXAMPLES])
    test = Examples(images_NHW[TRAIN_EXAMPLES:], labels_N[TRAIN_EXAMPLES:])
    return hashed(train, test)


DIGITS: Final = Dataset(
    name="digits",
    title="scikit-learn's digits",
    classes=tuple("0123456789"),
    mean=0.3051,  # both: of the first 1,500 images at 28 x 28; tests/unit/data recomputes them
    std=0.3233,
    load=lambda _: load_digits(),
)


def _file() -> Path:
    """Find scikit-learn's file of the digits; importing the package would take a second."""
    package = find_spec("sklearn")
    folder = Path(package.origin).parent if package and package.origin else Path()
    file = folder / "datasets/data/digits.csv.gz"
    if not file.is_file():
        raise BnbenchError("data.dataset: digits comes with scikit-learn: pip install scikit-learn")
    return file


def enlarge(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Interpolate 8 x 8 values from 0 to 16 bilinearly to 28 x 28 bytes from 0 to 255.

    In whole numbers, halves rounded up: floating point would leave some halves to the library's
    version and the processor, and with them the hash.

    Parameters
    ----------
    values : NDArray[np.int64]
        (N, 8, 8).

    Returns
    -------
    NDArray[np.uint8]
        (N, 28, 28).
    """
    weights = _weights()
    sums = weights @ values @ weights.T
    full = _FULL * _FOURTEENTHS**2
    return ((2 * 255 * sums + full) // (2 * full)).astype(np.uint8)


def _weights() -> NDArray[np.int64]:
    """Bilinear weights (28, 8) in fourteenths; pixel centres at i + 1/2, edges repeated."""
    centres = 2 * (2 * np.arange(_TARGET) + 1) - _FOURTEENTHS // 2  # 14 ((i + 1/2) 2/7 - 1/2)
    centres = centres.clip(0, (_SIDE - 1) * _FOURTEENTHS)
    return (_FOURTEENTHS - abs(centres[:, None] - _FOURTEENTHS * np.arange(_SIDE))).clip(0)
