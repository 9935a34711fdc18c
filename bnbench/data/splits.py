"""Training, validation and test split as tensors, ready for the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bnbench.config import DataSettings
from bnbench.data.datasets import Dataset, Examples, PublishedData
from bnbench.data.fetching import fetch
from bnbench.data.files import locate, read_dataset
from bnbench.data.inputs import PixelStatistics, to_inputs
from bnbench.data.named import find_dataset
from bnbench.errors import BnbenchError

# N examples, C channels, H rows, W columns

_HELD_OUT = 12  # one in twelve of the training file: 5,000 of MNIST's 60,000


@dataclass(frozen=True, eq=False)
class Split:
    """Examples in their published order, or as ``data.order`` has it."""

    images: Tensor
    """float32 (N, C, H, W). Channels beyond the first are views of it: do not write to them."""
    labels: Tensor
    """int64 (N,)."""


@dataclass(frozen=True, eq=False)
class Splits:
    """Everything that a run reads."""

    dataset: str
    dataset_hash: str
    """SHA-256, hex, over the hashes of the four files that were read."""
    train: Split
    validation: Split
    """Looked at during training."""
    test: Split | None
    """Scored once, after the last epoch; ``None`` where it serves as validation."""
    validation_is_test: bool
    num_classes: int


def load_splits(settings: DataSettings, folder: Path, channels: int = 1) -> Splits:
    """Load a dataset, fetching it first if it is not there, and prepare its splits.

    Parameters
    ----------
    settings : DataSettings
        Which dataset, which split, and what happens to the pixels.
    folder : Path
        The data folder, see `data_folder`.
    channels : int, default 1
        Repeat the grey channel so many times, without a copy.

    Returns
    -------
    Splits
        On the CPU. With MNIST at 32 x 32 pixels the images take 287 MB.
    """
    dataset = find_dataset(settings.dataset)
    data = _read(dataset, folder, settings.split_seed)
    train, validation, test = _divide(data, settings)
    statistics = _statistics(dataset, data, train)

    def prepare(examples: Examples) -> Split:
        images = torch.from_numpy(examples.images)
        inputs = to_inputs(images, settings.resize, settings.scaling, statistics)
        labels = torch.from_numpy(examples.labels).to(torch.int64)
        return Split(inputs.expand(-1, channels, -1, -1), labels)

    return Splits(
        dataset=dataset.name,
        dataset_hash=data.dataset_hash,
        train=prepare(train),
        validation=prepare(validation),
        test=None if test is None else prepare(test),
        validation_is_test=test is None,
        num_classes=len(dataset.classes),
    )


@dataclass(frozen=True)
class SplitSizes:
    """What a plan needs to know of a dataset, without making inputs of it."""

    train_examples: int
    dataset_hash: str


def describe_splits(settings: DataSettings, folder: Path) -> SplitSizes:
    """Find out what `load_splits` would give: the same files, checks and errors.

    Parameters
    ----------
    folder : Path
        The data folder, see `data_folder`.
    """
    data = _read(find_dataset(settings.dataset), folder, settings.split_seed)
    train, _, _ = _divide(data, settings)
    return SplitSizes(len(train.labels), data.dataset_hash)


def read_training_file(name: str, folder: Path) -> Examples:
    """Read a dataset's training file as published: bytes, to be looked at."""
    return _read(find_dataset(name), folder).train


def pixel_statistics(settings: DataSettings, folder: Path) -> PixelStatistics:
    """The constants by which `load_splits` scales, for images that come later.

    Their smallest and largest pixel are taken to be 0 and 1.
    """
    dataset = find_dataset(settings.dataset)
    if dataset.mean is not None and dataset.std is not None:  # known without reading anything
        return PixelStatistics(dataset.mean, dataset.std, 0.0, 1.0)
    return _statistics(dataset, _read(dataset, folder, settings.split_seed))


def _read(dataset: Dataset, folder: Path, seed: int = 0) -> PublishedData:
    if dataset.load is not None:
        return dataset.load(seed)
    if locate(dataset, folder) is None:
        fetch(dataset, folder)
    data = read_dataset(dataset, folder)
    if not dataset.transposed:
        return data
    return replace(data, train=_upright(data.train, dataset), test=_upright(data.test, dataset))


def _upright(examples: Examples, dataset: Dataset) -> Examples:
    """Swap rows and columns, and count the labels from 0."""
    images = np.ascontiguousarray(examples.images.swapaxes(1, 2))
    return Examples(images, examples.labels - np.uint8(dataset.first_label))


def _divide(
    data: PublishedData, settings: DataSettings
) -> tuple[Examples, Examples, Examples | None]:
    """Divide into training, validation and test split, views where all images are kept."""
    if settings.split == "published":
        return _limit(data.train, settings), data.test, None
    count = len(data.train.labels)
    border = count - count // _HELD_OUT
    train, validation = _take(data.train, 0, border), _take(data.train, border, count)
    return _limit(train, settings), validation, data.test


def _limit(train: Examples, settings: DataSettings) -> Examples:
    """Keep a share of each class, of those the first so many, and put them in order."""
    if settings.class_shares is not None:
        train = _unbalanced(train, settings.class_shares)
    there, wanted = len(train.labels), settings.train_examples
    if wanted is not None and wanted > there:
        raise BnbenchError(
            f"data.train_examples: {wanted:,} are more than the {there:,} of the "
            f"{settings.split} training split of {settings.dataset}; ask for {there:,} or fewer"
        )
    kept = _take(train, 0, wanted)
    return _by_class(kept) if settings.order == "by_class" else kept


def _unbalanced(train: Examples, shares: Sequence[float]) -> Examples:
    """Keep the first images of each class, one at least; their order stays."""
    kept_N = np.zeros(len(train.labels), dtype=bool)
    for label, share in enumerate(shares):
        places = np.flatnonzero(train.labels == label)
        kept_N[places[: max(1, round(share * len(places)))]] = True
    return Examples(train.images[kept_N], train.labels[kept_N])


def _by_class(train: Examples) -> Examples:
    """Put class after class; within one the order stays."""
    places_N = np.argsort(train.labels, kind="stable")
    return Examples(train.images[places_N], train.labels[places_N])


def _take(examples: Examples, start: int, stop: int | None) -> Examples:
    return Examples(examples.images[start:stop], examples.labels[start:stop])


def _statistics(
    dataset: Dataset, data: PublishedData, train: Examples | None = None
) -> PixelStatistics:
    mean, std = dataset.mean, dataset.std
    if mean is None or std is None:
        mean, std = data.train.images.mean() / 255, data.train.images.std() / 255
    if train is None:
        return PixelStatistics(float(mean), float(std), 0.0, 1.0)
    low, high = train.images.min() / 255, train.images.max() / 255
    return PixelStatistics(float(mean), float(std), float(low), float(high))
