"""What is known of a dataset: its classes, the constants of its pixels, its files' checksums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
    md5: str | None = None
    """``None``: no checksum is known here, and only the header is verified."""
    sha256: str | None = None
    """``None``: only the MD5 is known; then that is what is verified."""

    @property
    def size(self) -> int:
        """Bytes of the unpacked file: magic number, one integer a dimension, the values."""
        return 4 + 4 * len(self.shape) + math.prod(self.shape)


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


@dataclass(frozen=True)
class Dataset:
    """What is known of a dataset before it is read."""

    name: str
    title: str
    classes: tuple[str, ...]
    mean: float | None = None
    """Of the pixels of the training file, on the scale [0, 1], before any resizing. ``None``,
    like `std`: computed when it is read."""
    std: float | None = None
    folder: str = ""
    """torchvision's name for it: the files lie in ``<data folder>/<folder>/raw``."""
    files: tuple[DataFile, ...] = ()
    """Training images, training labels, test images, test labels."""
    transposed: bool = False
    """Whether rows and columns are swapped in the files."""
    first_label: int = 0
    """The smallest label in the files."""
    load: Callable[[int], PublishedData] | None = None
    """Of a dataset without such files: reads it, by ``data.split_seed``."""


def hashed(train: Examples, test: Examples) -> PublishedData:
    """Put both parts of a dataset together that has no files to hash: by its pixels and labels."""
    parts = (train.images, train.labels, test.images, test.labels)
    hashes = (sha256(part.tobytes()).hexdigest() for part in parts)
    return PublishedData(train, test, dataset_hash(hashes))


def dataset_hash(hashes: Iterable[str]) -> str:
    """Hash the SHA-256 (hex) of the four parts, in the order of `Dataset.files`, to one."""
    return sha256("".join(hashes).encode("ascii")).hexdigest()


def _files(
    train: int, test: int, md5: tuple[str | None, ...] = (None,) * 4,
    sha256: tuple[str | None, ...] = (None,) * 4, names: tuple[str, str] = ("train", "t10k"),
) -> tuple[DataFile, ...]:  # fmt: skip
    """The four files of `train` and `test` examples, with their checksums in this order."""
    parts = zip(names, (train, test), strict=True)
    kinds = [
        (f"{name}-{kind}", (count, *shape))
        for name, count in parts
        for kind, shape in (("images-idx3-ubyte", (28, 28)), ("labels-idx1-ubyte", ()))
    ]
    return tuple(
        DataFile(name, shape, *checksums)
        for (name, shape), *checksums in zip(kinds, md5, sha256, strict=True)
    )


_DIGITS: Final = tuple("0123456789")
_LETTERS: Final = tuple("abcdefghijklmnopqrstuvwxyz")

# MD5 and SHA-256: computed from the files; the MD5 agree with those in other projects.
MNIST: Final = Dataset(
    name="mnist",
    title="MNIST",
    classes=_DIGITS,
    mean=0.1307,  # both: PyTorch's MNIST example; tests/integration recomputes them
    std=0.3081,
    folder="MNIST",
    files=_files(
        60_000,
        10_000,
        (
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
)

# MD5 of the unpacked files as several unrelated public projects give them, all alike. They, the
# mean and the deviation were recomputed from the files of Debian's package dataset-fashion-mnist.
# The MD5 of the packed files is checked while they are downloaded.
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
    mean=0.2860,
    std=0.3530,
    folder="FashionMNIST",
    files=_files(
        60_000,
        10_000,
        (
            "f4a8712d7a061bf5bd6d2ca38dc4d50a",
            "9018921c3c673c538a1fc5bad174d6f9",
            "8181f5470baa50b63fa0f6fddb340f0a",
            "15d484375f8d13e6eb1aabb0c3f46965",
        ),
    ),
)

# Of these no checksums of the unpacked files are known here, and the files could not be had. Of
# KMNIST's archives, the MD5 is checked while they are downloaded.
KMNIST: Final = Dataset(
    name="kmnist",
    title="KMNIST",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    folder="KMNIST",
    files=_files(60_000, 10_000),
)


def _emnist(
    split: str, train: int, test: int, classes: tuple[str, ...], first_label: int = 0
) -> Dataset:
    names = f"emnist-{split}-train", f"emnist-{split}-test"
    return Dataset(
        name=f"emnist_{split}",
        title=f"EMNIST {split}",
        classes=classes,
        folder="EMNIST",
        files=_files(train, test, names=names),
        transposed=True,
        first_label=first_label,
    )


EMNIST: Final = (
    _emnist("digits", 240_000, 40_000, _DIGITS),
    _emnist("letters", 124_800, 20_800, _LETTERS, first_label=1),
    # Small letters that look like their capitals are one class with them.
    _emnist("balanced", 112_800, 18_800, (*_DIGITS, *map(str.upper, _LETTERS), *"abdefghnqrt")),
)
