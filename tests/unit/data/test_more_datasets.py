"""EMNIST as it is stored, CSV files, and functions of one's own: read as NumPy reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bnbench.config import DataSettings
from bnbench.data import (
    DATASETS,
    Dataset,
    Examples,
    describe_splits,
    fetch,
    find_dataset,
    load_splits,
    register_dataset,
    verify,
)
from bnbench.errors import BnbenchError

RAW = {"split": "published", "scaling": "raw", "resize": "none"}
Arrays = dict[str, NDArray[np.uint8]]


def test_emnist_is_turned_upright_and_its_labels_begin_with_0(
    tiny: Dataset, tiny_folder: Path, tiny_arrays: Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = tiny_arrays["train-labels-idx1-ubyte"]
    emnist = replace(tiny, transposed=True, first_label=0)
    monkeypatch.setitem(DATASETS, "tiny", emnist)
    splits = load_splits(DataSettings.model_validate({"dataset": "tiny", **RAW}), tiny_folder)
    for place, image in enumerate(tiny_arrays["train-images-idx3-ubyte"]):
        np.testing.assert_array_equal(splits.train.images[place, 0].numpy(), image.T)
    np.testing.assert_array_equal(splits.train.labels.numpy(), labels)


def test_letters_from_1_become_classes_from_0(
    tiny: Dataset, tiny_folder: Path, tiny_arrays: Arrays, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_folder / "Tiny/raw/train-labels-idx1-ubyte"
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(label + 1 for label in content[8:]))
    path = path.with_name("t10k-labels-idx1-ubyte")
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(label + 1 for label in content[8:]))
    files = tuple(replace(file, md5=None, sha256=None) for file in tiny.files)
    letters = replace(tiny, transposed=True, first_label=1, files=files)
    monkeypatch.setitem(DATASETS, "tiny", letters)
    splits = load_splits(DataSettings.model_validate({"dataset": "tiny", **RAW}), tiny_folder)
    expected = tiny_arrays["train-labels-idx1-ubyte"]
    np.testing.assert_array_equal(splits.train.labels.numpy(), expected)


def test_without_a_checksum_the_header_is_verified(tiny: Dataset, tiny_folder: Path) -> None:
    unknown = tuple(replace(file, md5=None, sha256=None) for file in tiny.files)
    assert [check.ok for check in verify(replace(tiny, files=unknown), tiny_folder)] == [True] * 4
    other = (replace(unknown[0], shape=(35, 28, 28)), *unknown[1:])
    (check, *_) = verify(replace(tiny, files=other), tiny_folder)
    assert "holds (36, 28, 28) by its header, but Tiny's train-images-idx3-ubyte is (35" in str(
        check.problem
    )


def test_emnist_is_put_there_by_hand(tmp_path: Path) -> None:
    """One archive of all its parts is ten times what they need."""
    with pytest.raises(BnbenchError) as caught:
        fetch(find_dataset("emnist_letters"), tmp_path)
    text = str(caught.value)
    assert "unpack it by hand" in text
    assert "Put these files, plain or as .gz, into " in text  # no checksum follows
    assert "\n  emnist-letters-train-images-idx3-ubyte\n" in text


def table(rng: np.random.Generator, rows: int) -> NDArray[np.int64]:
    values = rng.integers(0, 256, (rows, 785))
    values[:, 0] = np.arange(rows) % 3
    return values


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Two files as they are shared, one with a line of names."""
    rng, folder = np.random.default_rng(3), tmp_path / "csv"
    folder.mkdir()
    names = ",".join(["label", *(f"{row}x{column}" for row in range(28) for column in range(28))])
    np.savetxt(folder / "mnist_train.csv", table(rng, 30), "%d", ",", header=names, comments="")
    np.savetxt(folder / "mnist_test.csv", table(rng, 9), "%d", ",")
    return folder


def test_csv_files(shared: Path, tmp_path: Path) -> None:
    name = f"csv:{shared}"
    assert find_dataset(name).classes == ("0", "1", "2")
    settings = DataSettings.model_validate({"dataset": name, **RAW})
    splits = load_splits(settings, tmp_path)
    rows = np.genfromtxt(shared / "mnist_train.csv", delimiter=",", skip_header=1)
    np.testing.assert_array_equal(splits.train.labels.numpy(), rows[:, 0])
    np.testing.assert_array_equal(splits.train.images.numpy().reshape(30, 784), rows[:, 1:])
    assert splits.num_classes == 3
    assert splits.validation.images.shape == (9, 1, 28, 28)
    assert describe_splits(settings, tmp_path).dataset_hash == splits.dataset_hash


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("mnist_test.csv", "", "holds no images"),
        ("mnist_test.csv", "label,pixel\n", "holds no images"),
        ("mnist_test.csv", "1,2,3\n", "has 3 columns, not 785"),
        ("mnist_test.csv", "1,300\n", "could not convert string '300' to uint8 at row 0"),
        ("mnist_test.csv", "1,2\n1\n", "the number of columns changed from 2 to 1"),
        ("mnist_test.csv", "3" + ",0" * 784 + "\n", "has labels that mnist_train.csv has not"),
        ("mnist_train.csv", "2" + ",0" * 784 + "\n", "has too few images"),
        ("mnist_test.csv", "x" + ",0" * 784 + "\n", "could not convert string 'x'"),
        ("mnist_test.csv", "1" * 6000 + "\n", r"string '1+ \(of|string '1+; rows"),
        ("mnist_test.csv", "1" + ",0" * 4000 + "\n", "lines that are too long for 28 x 28"),
        ("mnist_test.csv", "1\n" * 20_000, "lines that are too short for 28 x 28"),
        ("other_train.csv", "", r"holds 2 files \*train\*\.csv, not 1"),
    ],
)
def test_csv_files_that_do_not_fit(shared: Path, name: str, content: str, said: str) -> None:
    (shared / name).write_text(content)
    with pytest.raises(BnbenchError, match=said) as caught:
        find_dataset(f"csv:{shared}")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_no_folder_of_csv_files(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("")
    with pytest.raises(BnbenchError, match=r"train\.csv: is a file; name the folder that holds it"):
        find_dataset(f"csv:{tmp_path / 'train.csv'}")
    with pytest.raises(BnbenchError, match=r"^x\.yaml:2:3: .*none: is no folder"):
        find_dataset(f"csv:{tmp_path / 'none'}", "x.yaml:2:3")


@pytest.fixture
def own() -> Iterator[str]:
    yield "halves"
    DATASETS.pop("halves", None)


def halves(rows: int, labels: int = 2) -> Examples:
    images = np.zeros((rows, 28, 28), np.uint8)
    images[::2, :14] = 255
    return Examples(images, (np.arange(rows) % labels).astype(np.uint8))


def test_a_function_of_ones_own(own: str, tmp_path: Path) -> None:
    register_dataset(own, ("top", "none"))(lambda: (halves(40), halves(8)))
    splits = load_splits(DataSettings.model_validate({"dataset": own, **RAW}), tmp_path)
    assert (splits.num_classes, len(splits.train.labels), len(splits.validation.labels)) == (
        2, 40, 8,
    )  # fmt: skip
    assert find_dataset(own).title == own
    with pytest.raises(ValueError, match="dataset 'halves' is registered twice"):
        register_dataset(own, ("top", "none"))(lambda: (halves(40), halves(8)))


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (halves(40, labels=3), "gives the label 2, but has 2 classes"),
        (Examples(np.zeros((4, 9, 9), np.uint8), np.zeros(4, np.uint8)), r"not uint8 \(4, 28, 28"),
        (Examples(np.zeros((4, 28, 28)), np.zeros(4, np.uint8)), "images of float64"),  # type: ignore[arg-type]
        (Examples(np.zeros((4, 28, 28), np.uint8), np.zeros(3, np.uint8)), r"uint8 \(4, 28, 28\)"),
    ],
)
def test_a_function_that_gives_something_else(own: str, train: Examples, said: str) -> None:
    register_dataset(own, ("top", "none"))(lambda: (train, halves(8)))
    with pytest.raises(BnbenchError, match=said):
        load_splits(DataSettings(dataset=own), Path())
