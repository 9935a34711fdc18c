"""The datasets that a config can name, and how one of one's own joins them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bnbench.data import csv_files, folder
from bnbench.data.datasets import (
    EMNIST,
    FASHION_MNIST,
    KMNIST,
    MNIST,
    Dataset,
    Examples,
    PublishedData,
    hashed,
)
from bnbench.data.digits import DIGITS
from bnbench.errors import BnbenchError
from bnbench.registry import Registry


def _of_path(path: str, dataset: Dataset) -> Dataset:
    if not isinstance(dataset, Dataset):
        raise TypeError("it is no bnbench.data.Dataset")
    return replace(dataset, name=path)


DATASETS = Registry[Dataset]("dataset", _of_path)
for _dataset in (MNIST, FASHION_MNIST, KMNIST, *EMNIST, DIGITS):
    DATASETS.add(_dataset.name, _dataset)

Load = Callable[[], tuple[Examples, Examples]]
"""Reads training and test images."""


def find_dataset(name: str, place: str = "") -> Dataset:
    """Look up a dataset by its name in a config: a registered one, or files of one's own.

    Parameters
    ----------
    name : str
        ``mnist``, ``folder:PATH``, ``csv:PATH`` and so on.
    place : str, default ""
        Where it was written (``file:line:column: key``), for errors.
    """
    if name.startswith(folder.PREFIX):
        return folder.folder_dataset(name, place)
    if name.startswith(csv_files.PREFIX):
        return csv_files.csv_dataset(name, place)
    return DATASETS.find(name, place)


def register_dataset(name: str, classes: Sequence[str], title: str = "") -> Callable[[Load], Load]:
    """Make the decorator that enters a function which reads a dataset, under `name`.

    Parameters
    ----------
    name : str
        For ``data.dataset``.
    classes : sequence of str
        What the labels 0, 1, 2 and so on stand for.
    title : str, optional
        For figures; by default the name.
    """

    def enter(load: Load) -> Load:
        def checked(_: int) -> PublishedData:
            parts = load()
            for part in parts:
                _check(name, part, len(classes))
            return hashed(*parts)

        DATASETS.add(name, Dataset(name, title or name, tuple(classes), load=checked))
        return load

    return enter


def _check(name: str, part: Examples, classes: int) -> None:
    images, labels = part.images, part.labels
    for what, array, shape in (
        ("images", images, (len(labels), 28, 28)), ("labels", labels, (len(images),)),
    ):  # fmt: skip
        if array.dtype != np.uint8 or array.shape != shape:
            raise BnbenchError(
                f"data.dataset: {name} gives {what} of {array.dtype} {array.shape}, not uint8"
                f" {shape}; mend the function that is registered under that name"
            )
    if labels.max(initial=0) >= classes:
        raise BnbenchError(
            f"data.dataset: {name} gives the label {labels.max()}, but has {classes} classes; name"
            " all of them where it is registered"
        )
