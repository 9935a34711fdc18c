import hashlib

import pytest
import torchvision

from bnbench.data import DATASETS, find_dataset
from bnbench.data.datasets import dataset_hash
from bnbench.errors import BnbenchError


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_files_and_classes_are_torchvisions(name: str) -> None:
    dataset = find_dataset(name)
    published = getattr(torchvision.datasets, dataset.folder)
    names = [file.name for file in dataset.files]
    assert [f"{name}.gz" for name in names] == [name for name, _ in published.resources]
    theirs = tuple(text.split(" - ")[0] for text in published.classes)
    assert dataset.classes == theirs


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_file_sizes(name: str) -> None:
    # 16 or 8 bytes of header and one a pixel or label
    assert [file.size for file in find_dataset(name).files] == [
        16 + 60_000 * 784,
        8 + 60_000,
        16 + 10_000 * 784,
        8 + 10_000,
    ]


def test_no_two_files_share_a_checksum() -> None:
    files = [file for dataset in DATASETS.values() for file in dataset.files]
    assert len({file.md5 for file in files}) == len(files) == 8


def test_every_dataset_has_its_own_name_and_ten_classes() -> None:
    for name, dataset in DATASETS.items():
        assert dataset.name == name
        assert len(set(dataset.classes)) == 10


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(BnbenchError, match=r"no dataset 'minst'; did you mean 'mnist'\?"):
        find_dataset("minst")
    with pytest.raises(BnbenchError, match="choose one of: digits, fashion_mnist, mnist"):
        find_dataset("imagenet-22k")


def test_dataset_hash_depends_on_the_order() -> None:
    assert dataset_hash(["ab", "cd"]) == hashlib.sha256(b"abcd").hexdigest()
    assert dataset_hash(["cd", "ab"]) != dataset_hash(["ab", "cd"])
