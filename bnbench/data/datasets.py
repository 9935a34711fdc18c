"""What is known of a dataset: its classes, the constants of its pixels, its files' checksums."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DataFile:
    """One IDX file: its name, what its header must say, the checksums of its unpacked bytes."""

    name: str
    shape: tuple[int, ...]
    md5: str
    sha256: str | None = None
    """``None``: only the MD5 is known; then that is what is verified."""

    @property
    def size(self) -> int:
        """Bytes of the unpacked file: magic number, one integer a dimension, the values."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before it is read."""

    name: str
    title: str
    classes: tuple[str, ...]
    mean: float | None
    """Of the pixels of the training file, on the scale [0, 1], before any resizing. ``None``,
    like `std`: computed when it is read."""
    std: float | None
    folder: str = ""
    """torchvision's name for it: the files lie in ``<data folder>/<folder>/raw``."""
    files: tuple[DataFile, ...] = ()
    """Training images, training labels, test images, test labels. Empty: comes with a package."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Images and labels as published."""

    images: NDArray[np.uint8]
    """(N, 28, 28), 0 is black (the background)."""
    labels: NDArray[np.uint8]
    """(N,), from 0."""


@dataclass(frozen=True, eq=False)
class PublishedData:
    """Both files of a dataset as published, and one hash over all of their bytes."""

    train: Examples
    test: Examples
    dataset_hash: str


def dataset_hash(hashes: Iterable[str]) -> str:
    """Hash the SHA-256 (hex) of the four parts, in the order of `Dataset.files`, to one."""
    return sha256("".join(hashes).encode("ascii")).hexdigest()


_DIGITS: Final = tuple("0123456789")

# MD5 and SHA-256: computed from the files; the MD5 agree with those in other projects.
MNIST: Final = Dataset(
    name="mnist",
    title="MNIST",
    classes=_DIGITS,
    mean=0.1307,  # both: PyTorch's MNIST example; tests/integration recomputes them
    std=0.3081,
    folder="MNIST",
    files=(
        DataFile(
            name="train-images-idx3-ubyte",
            shape=(60_000, 28, 28),
            md5="6bbc9ace898e44ae57da46a324031adb",
            sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        DataFile(
            name="train-labels-idx1-ubyte",
            shape=(60_000,),
            md5="a25bea736e30d166cdddb491f175f624",
            sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        DataFile(
            name="t10k-images-idx3-ubyte",
            shape=(10_000, 28, 28),
            md5="2646ac647ad5339dbf082846283269ea",
            sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        DataFile(
            name="t10k-labels-idx1-ubyte",
            shape=(10_000,),
            md5="27ae3e4e09519cfbb04c329615203637",
            sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
)

# MD5 of the unpacked files as several unrelated public projects give them, all alike. They were
# not recomputed here (the files could not be had), so no SHA-256 is pinned. Of the archives,
# torchvision checks its own MD5 while it downloads.
FASHION_MNIST: Final = Dataset(
    name="fashion_mnist",
    title="Fashion-MNIST",
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    mean=0.2860,  # both: widely used, not recomputed here
    std=0.3530,
    folder="FashionMNIST",
    files=(
        DataFile(
            name="train-images-idx3-ubyte",
            shape=(60_000, 28, 28),
            md5="f4a8712d7a061bf5bd6d2ca38dc4d50a",
        ),
        DataFile(
            name="train-labels-idx1-ubyte",
            shape=(60_000,),
            md5="9018921c3c673c538a1fc5bad174d6f9",
        ),
        DataFile(
            name="t10k-images-idx3-ubyte",
            shape=(10_000, 28, 28),
            md5="8181f5470baa50b63fa0f6fddb340f0a",
        ),
        DataFile(
            name="t10k-labels-idx1-ubyte",
            shape=(10_000,),
            md5="15d484375f8d13e6eb1aabb0c3f46965",
        ),
    ),
)

DIGITS: Final = Dataset(
    name="digits",
    title="scikit-learn's digits",
    classes=_DIGITS,
    mean=0.3051,  # both: of the first 1,500 images at 28 x 28; tests/unit/data recomputes them
    std=0.3233,
)
