"""The real MNIST, fetched if need be, against torchvision and the facts known of it."""

import gzip
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torchvision.transforms import Compose, Normalize, Resize, ToTensor

from bnbench.config import DataSettings
from bnbench.data import find_dataset, load_splits, verify
from bnbench.errors import BnbenchError

MNIST = find_dataset("mnist")

# Published with the torchvision, TensorFlow and NumPy loaders of many projects.
MD5 = [
    "6bbc9ace898e44ae57da46a324031adb",
    "a25bea736e30d166cdddb491f175f624",
    "2646ac647ad5339dbf082846283269ea",
    "27ae3e4e09519cfbb04c329615203637",
]


@pytest.fixture
def copy(data_dir: Path, tmp_path: Path) -> Path:
    """A data folder of one's own to break, in a path with spaces and non-ASCII letters."""
    copied = tmp_path / "données für 実験"
    shutil.copytree(data_dir / "MNIST" / "raw", copied / "MNIST" / "raw")
    return copied


def test_files_are_the_published_ones(data_dir: Path) -> None:
    checks = verify(MNIST, data_dir)
    assert [check.md5 for check in checks] == MD5
    assert [check.problem for check in checks] == [None] * 4
    assert [check.size for check in checks] == [47_040_016, 60_008, 7_840_016, 10_008]


def test_published_split_is_torchvisions(data_dir: Path) -> None:
    settings = DataSettings(split="published", scaling="raw", resize="none")
    splits = load_splits(settings, data_dir)
    for split, train in ((splits.train, True), (splits.validation, False)):
        theirs = torchvision.datasets.MNIST(data_dir, train=train)
        assert torch.equal(split.images.squeeze(1), theirs.data.to(torch.float32))
        assert torch.equal(split.labels, theirs.targets)
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert splits.train.labels.bincount().tolist() == counts
    counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert splits.validation.labels.bincount().tolist() == counts
    assert splits.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_held_out_split(data_dir: Path) -> None:
    splits = load_splits(DataSettings(resize="none"), data_dir)
    assert splits.test is not None
    lengths = [len(split.labels) for split in (splits.train, splits.validation, splits.test)]
    assert lengths == [55_000, 5_000, 10_000]
    theirs = torchvision.datasets.MNIST(data_dir, train=True).targets
    assert torch.equal(torch.cat([splits.train.labels, splits.validation.labels]), theirs)


def test_dataset_hash_is_over_the_four_files(data_dir: Path) -> None:
    names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]
    paths = [data_dir / "MNIST" / "raw" / f"{name}-ubyte" for name in names]
    if not all(path.exists() for path in paths):
        pytest.skip("the files lie there packed")
    joined = "".join(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths)
    splits = load_splits(DataSettings(train_examples=10, resize="none"), data_dir)
    assert splits.dataset_hash == hashlib.sha256(joined.encode()).hexdigest()


def test_mean_and_standard_deviation(data_dir: Path) -> None:
    pixels = torchvision.datasets.MNIST(data_dir, train=True).data.numpy()
    counts = np.bincount(pixels.ravel(), minlength=256) / pixels.size
    values = np.arange(256) / 255
    mean = (counts * values).sum()
    assert mean == pytest.approx(MNIST.mean, abs=5e-5)
    assert np.sqrt((counts * (values - mean) ** 2).sum()) == pytest.approx(MNIST.std, abs=5e-5)


def test_bilinear_is_torchvisions_bit_for_bit(data_dir: Path) -> None:
    """The article's transform: ``ToTensor``, then ``Resize((32, 32))``, image by image."""
    settings = DataSettings(
        split="published", scaling="unit", resize="bilinear", train_examples=2_000
    )
    ours = load_splits(settings, data_dir)
    transform = Compose([ToTensor(), Resize((32, 32))])
    theirs = torchvision.datasets.MNIST(data_dir, train=True, transform=transform)
    for index in range(2_000):
        assert torch.equal(ours.train.images[index], theirs[index][0])
    test = torchvision.datasets.MNIST(data_dir, train=False).data
    batch = Resize((32, 32))(test.unsqueeze(1) / 255)
    assert torch.equal(ours.validation.images, batch)


def test_z_score_is_torchvisions_normalize(data_dir: Path) -> None:
    settings = DataSettings(scaling="z_score", resize="none", train_examples=500)
    ours = load_splits(settings, data_dir).train.images
    transform = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
    theirs = torchvision.datasets.MNIST(data_dir, train=True, transform=transform)
    assert torch.equal(ours, torch.stack([theirs[index][0] for index in range(500)]))


def test_min_max_is_unit(data_dir: Path) -> None:
    unit, min_max = (
        load_splits(DataSettings(scaling=scaling, resize="none"), data_dir).train.images
        for scaling in ("unit", "min_max")
    )
    assert torch.equal(unit, min_max)


def test_packed_files_give_the_same(data_dir: Path, copy: Path) -> None:
    for path in (copy / "MNIST" / "raw").glob("*-ubyte"):
        packed = gzip.compress(path.read_bytes(), compresslevel=1)
        path.with_name(f"{path.name}.gz").write_bytes(packed)
        path.unlink()
    settings = DataSettings(train_examples=100)
    plain, packed_ = load_splits(settings, data_dir), load_splits(settings, copy)
    assert packed_.dataset_hash == plain.dataset_hash
    assert torch.equal(packed_.train.images, plain.train.images)


def test_exchanged_files_are_refused(copy: Path) -> None:
    raw = copy / "MNIST" / "raw"
    shutil.copy(raw / "t10k-labels-idx1-ubyte", raw / "train-labels-idx1-ubyte")
    with pytest.raises(BnbenchError, match=r"is MNIST's t10k-labels.*, not MNIST's train-labels"):
        load_splits(DataSettings(), copy)


def test_mnist_in_the_folder_of_fashion_mnist_is_refused(copy: Path) -> None:
    (copy / "MNIST").rename(copy / "FashionMNIST")
    with pytest.raises(BnbenchError, match=r"is MNIST's train-images.*, not Fashion-MNIST's"):
        load_splits(DataSettings(dataset="fashion_mnist"), copy)
    assert [check.ok for check in verify(find_dataset("fashion_mnist"), copy)] == [False] * 4


def test_a_file_that_was_cut_is_found_at_the_next_load(copy: Path) -> None:
    with (copy / "MNIST" / "raw" / "train-images-idx3-ubyte").open("r+b") as file:
        file.truncate(20_000_000)
    with pytest.raises(BnbenchError, match="truncated, 20,000,000 bytes"):
        load_splits(DataSettings(), copy)
