"""A dataset like MNIST in everything but size, written by `struct` rather than by the package."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bnbench.data import DATASETS, DataFile, Dataset


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """Write the format with `struct`; the package itself only reads it."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture(scope="session")
def tiny_arrays() -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    return {
        "train-images-idx3-ubyte": rng.integers(10, 240, (36, 28, 28), np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 10, 36, np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (7, 28, 28), np.uint8),
        "t10k-labels-idx1-ubyte": rng.integers(0, 10, 7, np.uint8),
    }


@pytest.fixture(scope="session")
def tiny_files(tiny_arrays: dict[str, NDArray[np.uint8]]) -> dict[str, bytes]:
    return {name: idx_bytes(array) for name, array in tiny_arrays.items()}


@pytest.fixture
def tiny(
    tiny_arrays: dict[str, NDArray[np.uint8]],
    tiny_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> Dataset:
    """Registered as ``tiny`` for the length of a test."""
    files = tuple(
        DataFile(
            name=name,
            shape=tiny_arrays[name].shape,
            md5=hashlib.md5(content).hexdigest(),
            sha256=hashlib.sha256(content).hexdigest(),
        )
        for name, content in tiny_files.items()
    )
    dataset = Dataset(
        name="tiny",
        title="Tiny",
        classes=tuple("0123456789"),
        mean=0.5,
        std=0.25,
        folder="Tiny",
        files=files,
    )
    monkeypatch.setitem(DATASETS, "tiny", dataset)
    return dataset


@pytest.fixture
def tiny_folder(tmp_path: Path, tiny: Dataset, tiny_files: dict[str, bytes]) -> Path:
    """A data folder that holds the tiny dataset."""
    raw = tmp_path / "data" / "Tiny" / "raw"
    raw.mkdir(parents=True)
    for name, content in tiny_files.items():
        (raw / name).write_bytes(content)
    return tmp_path / "data"
