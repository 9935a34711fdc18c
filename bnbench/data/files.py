"""A dataset's files on disk: where they lie, whether they are the real ones, what they hold.

Every read is hashed: a file that was good when it was downloaded may have been cut since.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import md5, sha256
from pathlib import Path
from tempfile import gettempdir

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from bnbench.data.datasets import (
    DataFile,
    Dataset,
    Examples,
    PublishedData,
    dataset_hash,
)
from bnbench.data.idx import REMEDY, parse_idx, read_content
from bnbench.data.named import DATASETS
from bnbench.errors import BnbenchError
from bnbench.foreign import is_folder


@dataclass(frozen=True)
class FileCheck:
    """What `verify` found of one file. The checksums are of its unpacked bytes."""

    path: Path
    size: int | None
    """Unpacked bytes; ``None``, like the checksums, where nothing could be read."""
    md5: str | None
    sha256: str | None
    problem: str | None
    """One line; ``None`` for a good file."""

    @property
    def ok(self) -> bool:
        """Whether the file is the published one."""
        return self.problem is None


def data_folder(override: Path | None = None) -> Path:
    """Choose the data folder: `override`, else ``BNBENCH_DATA_DIR``, else the user's cache."""
    chosen = override or os.environ.get("BNBENCH_DATA_DIR")
    try:
        return Path(chosen).expanduser() if chosen else user_cache_path("bnbench", appauthor=False)
    except RuntimeError:  # no HOME, and a user without a name, as in containers
        raise BnbenchError(
            "this user has no home folder to keep data sets in; give --data-dir, or set"
            f" BNBENCH_DATA_DIR, such as to {Path(gettempdir()) / 'bnbench'}"
        ) from None


def raw_folder(dataset: Dataset, folder: Path) -> Path:
    """Where the files lie: below the data folder as torchvision lays them out, or else in it."""
    raw = folder / dataset.folder / "raw"
    try:
        if not is_folder(raw) and any(find_file(file, folder) for file in dataset.files):
            return folder
    except BnbenchError as error:  # a home that is another user's, as in containers
        raise BnbenchError(
            f"{error}; give another folder by --data-dir or BNBENCH_DATA_DIR"
        ) from None
    return raw


def find_file(file: DataFile, raw: Path) -> Path | None:
    """Find a file in its folder, plain or else as ``.gz``, by either of the names it goes by.

    It was published as ``train-images-idx3-ubyte``; archives may hold ``train-images.idx3-ubyte``.
    """
    names = (file.name, file.name.replace("-idx", ".idx"))
    candidates = (raw / f"{name}{suffix}" for suffix in ("", ".gz") for name in names)
    return next((path for path in candidates if path.is_file()), None)


def locate(dataset: Dataset, folder: Path) -> Path | None:
    """Find the folder that holds all files of a dataset, without reading them.

    Returns
    -------
    Path or None
        ``None`` where a file is absent, and for a dataset that has none (``digits``).
    """
    raw = raw_folder(dataset, folder)
    found = [find_file(file, raw) for file in dataset.files]
    return raw if found and all(found) else None


def verify(dataset: Dataset, folder: Path) -> list[FileCheck]:
    """Check every file of a dataset against its checksums, and say what was found.

    Returns
    -------
    list of FileCheck
        One a file, in the order of `Dataset.files`; empty for ``digits``, which has none.
    """
    raw = raw_folder(dataset, folder)
    return [_verify_file(dataset, file, raw) for file in dataset.files]


def _verify_file(dataset: Dataset, file: DataFile, raw: Path) -> FileCheck:
    path = find_file(file, raw)
    if path is None:
        return FileCheck(raw / file.name, None, None, None, "missing; run `bnbench data fetch`")
    try:
        content = read_content(path)
    except BnbenchError as error:
        return FileCheck(path, None, None, None, str(error))
    problem = None
    try:
        check_content(dataset, file, content, path)
    except BnbenchError as error:
        problem = str(error)
    return FileCheck(path, len(content), _md5(content), sha256(content).hexdigest(), problem)


def read_dataset(dataset: Dataset, folder: Path) -> PublishedData:
    """Read and verify the four files of a dataset.

    Returns
    -------
    PublishedData
        Images (N, 28, 28) and labels (N,) of the training and the test file, uint8.
    """
    raw = raw_folder(dataset, folder)
    parts = [read_file(dataset, file, raw) for file in dataset.files]
    train_images, train_labels, test_images, test_labels = (array for array, _ in parts)
    return PublishedData(
        train=Examples(train_images, train_labels),
        test=Examples(test_images, test_labels),
        dataset_hash=dataset_hash(found for _, found in parts),
    )


def read_file(dataset: Dataset, file: DataFile, raw: Path) -> tuple[NDArray[np.uint8], str]:
    """Read one file and verify the very bytes that were read.

    Returns
    -------
    NDArray[np.uint8], str
        The values in the shape `DataFile.shape`; the SHA-256 of the unpacked file, hex.
    """
    path = find_file(file, raw)
    if path is None:
        raise BnbenchError(f"{raw / file.name}: missing; run `bnbench data fetch`")
    content = read_content(path)
    return check_content(dataset, file, content, path)


def check_content(
    dataset: Dataset, file: DataFile, content: bytearray, path: Path
) -> tuple[NDArray[np.uint8], str]:
    """Refuse bytes that are not the published file; otherwise return them as `read_file` does.

    The header is looked at first: "truncated" helps more than a checksum that differs.
    """
    array = parse_idx(content, path)
    found = sha256(content).hexdigest()
    if file.md5 is None and array.shape != file.shape:
        raise BnbenchError(
            f"{path}: holds {array.shape} by its header, but {dataset.title}'s {file.name} is"
            f" {file.shape}; {REMEDY}"
        )
    kind, expected, actual = "SHA-256", file.sha256, found
    if expected is None:
        kind, expected, actual = "MD5", file.md5, _md5(content)
    if expected is not None and actual != expected:
        raise BnbenchError(
            f"{path}: is {_name(content)}, not {dataset.title}'s {file.name}: "
            f"its {kind} is {actual}, expected is {expected}; {REMEDY}"
        )
    return array, found


def _name(content: bytearray) -> str:
    """Name the published file that these bytes are, for whoever mixed up two of them."""
    checksum = _md5(content)
    names = (
        f"{dataset.title}'s {file.name}"
        for dataset in DATASETS.values()
        for file in dataset.files
        if file.md5 == checksum
    )
    return next(names, "another file")


def _md5(content: bytearray) -> str:
    return md5(content, usedforsecurity=False).hexdigest()  # FIPS systems refuse it otherwise
