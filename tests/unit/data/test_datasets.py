import hashlib

import pytest
import torchvision

from bnbench.data import DATASETS, find_dataset
from bnbench.data.datasets import dataset_hash
from bnbench.errors import BnbenchError


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_files_and_classes_are_torchvisions(name: str) -> None:
    dataset = find_dataset(name)
    published = getattr(torchvision.datasets, dataset.folder)
    names = [file.name for file in dataset.files]
    assert [f"{name}.gz" for name in names] == [name for name, _ in published.resources]
    theirs = tuple(text.split(" - ")[0] for text in published.classes)
    assert dataset.classes == theirs


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_file_sizes(name: str) -> None:
    # 16 or 8 bytes of header and one a pixel or label
    assert [file.size for file in find_dataset(name).files] == [
        16 + 60_000 * 784,
        8 + 60_000,
        16 + 10_000 * 784,
        8 + 10_000,
    ]


def test_no_two_files_share_a_checksum() -> None:
    known = [file.md5 for dataset in DATASETS.values() for file in dataset.files if file.md5]
    assert len(set(known)) == len(known) == 8


def test_every_dataset_has_its_own_name_and_ten_classes_or_more() -> None:
    for name, dataset in DATASETS.items():
        assert dataset.name == name
        assert len(set(dataset.classes)) == len(dataset.classes) >= 10


@pytest.mark.parametrize("split", ["digits", "letters", "balanced"])
def test_emnist_is_torchvisions(split: str) -> None:
    dataset, published = find_dataset(f"emnist_{split}"), torchvision.datasets.EMNIST
    theirs = published.classes_split_dict[split]
    assert dataset.classes == tuple(theirs[dataset.first_label :])
    assert {file.name for file in dataset.files} == {
        f"emnist-{split}-{part}-{kind}"
        for part in ("train", "test")
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    }


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(BnbenchError, match=r"no dataset 'minst'; did you mean 'mnist'\?"):
        find_dataset("minst")
    with pytest.raises(BnbenchError, match=r"choose one of: digits, emnist_balanced, .*, mnist"):
        find_dataset("imagenet-22k")


def test_dataset_hash_depends_on_the_order() -> None:
    assert dataset_hash(["ab", "cd"]) == hashlib.sha256(b"abcd").hexdigest()
    assert dataset_hash(["cd", "ab"]) != dataset_hash(["ab", "cd"])
