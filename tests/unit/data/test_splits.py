from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bnbench.config import DataSettings
from bnbench.data import Dataset, load_splits
from bnbench.errors import BnbenchError

Arrays = dict[str, NDArray[np.uint8]]

# The tiny dataset has 36 + 7 images; a twelfth of the 36 is held out.


@pytest.fixture(autouse=True)
def registered(tiny: Dataset) -> None:
    pass


def test_held_out(tiny_folder: Path, tiny_arrays: Arrays) -> None:
    splits = load_splits(DataSettings(dataset="tiny", scaling="raw", resize="none"), tiny_folder)
    images, labels = (tiny_arrays[f"train-{kind}-ubyte"] for kind in ("images-idx3", "labels-idx1"))
    assert splits.test is not None
    assert not splits.validation_is_test
    assert (splits.dataset, splits.num_classes) == ("tiny", 10)
    np.testing.assert_array_equal(splits.train.images[:, 0].numpy(), images[:33])
    np.testing.assert_array_equal(splits.train.labels.numpy(), labels[:33])
    np.testing.assert_array_equal(splits.validation.images[:, 0].numpy(), images[33:])
    np.testing.assert_array_equal(splits.validation.labels.numpy(), labels[33:])
    np.testing.assert_array_equal(
        splits.test.images[:, 0].numpy(), tiny_arrays["t10k-images-idx3-ubyte"]
    )
    assert splits.train.images.dtype == torch.float32
    assert splits.train.labels.dtype == torch.int64


def test_published(tiny_folder: Path, tiny_arrays: Arrays) -> None:
    settings = DataSettings(dataset="tiny", split="published", scaling="raw", resize="none")
    splits = load_splits(settings, tiny_folder)
    assert splits.test is None
    assert splits.validation_is_test
    assert splits.train.images.shape == (36, 1, 28, 28)
    np.testing.assert_array_equal(
        splits.validation.images[:, 0].numpy(), tiny_arrays["t10k-images-idx3-ubyte"]
    )
    np.testing.assert_array_equal(
        splits.validation.labels.numpy(), tiny_arrays["t10k-labels-idx1-ubyte"]
    )


@pytest.mark.parametrize(("split", "there"), [("published", 36), ("held_out", 33)])
def test_train_examples(tiny_folder: Path, tiny_arrays: Arrays, split: str, there: int) -> None:
    def load(count: int) -> torch.Tensor:
        values = {"dataset": "tiny", "split": split, "train_examples": count}
        return load_splits(DataSettings.model_validate(values), tiny_folder).train.labels

    expected = tiny_arrays["train-labels-idx1-ubyte"]
    np.testing.assert_array_equal(load(5).numpy(), expected[:5])
    np.testing.assert_array_equal(load(there).numpy(), expected[:there])
    with pytest.raises(BnbenchError, match=rf"^data\.train_examples: {there + 1} .* the {there} "):
        load(there + 1)


def test_min_max_looks_at_the_training_split_alone(tiny_folder: Path, tiny_arrays: Arrays) -> None:
    settings = DataSettings(dataset="tiny", scaling="min_max", resize="none")
    splits = load_splits(settings, tiny_folder)
    train = tiny_arrays["train-images-idx3-ubyte"][:33].astype(float)
    test = tiny_arrays["t10k-images-idx3-ubyte"].astype(float)
    expected = (test - train.min()) / (train.max() - train.min())
    assert splits.test is not None
    np.testing.assert_allclose(splits.test.images[:, 0].numpy(), expected, atol=1e-6)
    assert splits.train.images.min() == 0
    assert splits.train.images.max() == 1


def test_three_channels_are_one_in_memory(tiny_folder: Path) -> None:
    one = load_splits(DataSettings(dataset="tiny"), tiny_folder).train.images
    three = load_splits(DataSettings(dataset="tiny"), tiny_folder, channels=3).train.images
    assert three.shape == (33, 3, 32, 32)
    for channel in range(3):
        assert torch.equal(three[:, channel], one[:, 0])
    assert three.untyped_storage().nbytes() == one.untyped_storage().nbytes()


def test_every_load_is_verified(tiny_folder: Path, tiny_arrays: Arrays) -> None:
    path = tiny_folder / "Tiny" / "raw" / "train-images-idx3-ubyte"
    load_splits(DataSettings(dataset="tiny"), tiny_folder)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BnbenchError, match="truncated"):
        load_splits(DataSettings(dataset="tiny"), tiny_folder)


def test_absent_data_are_fetched(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = []

    def bring(dataset: Dataset, folder: Path) -> None:
        fetched.append(dataset.name)
        tiny_folder.rename(folder)

    monkeypatch.setattr("bnbench.data.splits.fetch", bring)
    load_splits(DataSettings(dataset="tiny"), tmp_path / "empty")
    assert fetched == ["tiny"]


def test_an_unknown_dataset(tmp_path: Path) -> None:
    with pytest.raises(BnbenchError, match="did you mean 'tiny'"):
        load_splits(DataSettings(dataset="tinny"), tmp_path)
