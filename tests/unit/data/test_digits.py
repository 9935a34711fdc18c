import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from bnbench.config import DataSettings
from bnbench.data import find_dataset, load_splits
from bnbench.data.digits import enlarge, load_digits
from bnbench.errors import BnbenchError

sklearn_datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is an extra")


def test_images_are_scikit_learns_in_their_order() -> None:
    digits, data = sklearn_datasets.load_digits(), load_digits()
    assert data.train.images.shape == (1500, 28, 28)
    assert data.test.images.shape == (297, 28, 28)
    labels = np.concatenate([data.train.labels, data.test.labels])
    np.testing.assert_array_equal(labels, digits.target)
    images = np.concatenate([data.train.images, data.test.images])
    assert images.min() == 0
    assert images.max() == 255
    assert len(images) == 1797


def test_enlarge_is_bilinear_interpolation() -> None:
    values = np.random.default_rng(0).integers(0, 17, (50, 8, 8))
    floats = torch.from_numpy(values).to(torch.float64).unsqueeze(1)
    torchs = torch.nn.functional.interpolate(floats, (28, 28), mode="bilinear")
    expected = torchs.squeeze(1).numpy() * 255 / 16
    assert np.abs(enlarge(values) - expected).max() <= 0.5 + 1e-9


def test_enlarge_keeps_plain_images() -> None:
    for value, byte in ((0, 0), (16, 255), (8, 128)):  # 127.5 is rounded up
        assert (enlarge(np.full((1, 8, 8), value)) == byte).all()


def test_constants_are_those_of_the_training_images() -> None:
    pixels = load_digits().train.images / 255
    digits = find_dataset("digits")
    assert digits.mean == pytest.approx(pixels.mean(), abs=5e-5)
    assert digits.std == pytest.approx(pixels.std(), abs=5e-5)


def test_hash_is_of_the_bytes() -> None:
    data = load_digits()
    parts = (data.train.images, data.train.labels, data.test.images, data.test.labels)
    joined = "".join(hashlib.sha256(bytes(part.ravel().tolist())).hexdigest() for part in parts)
    assert data.dataset_hash == hashlib.sha256(joined.encode()).hexdigest()


def test_digits_loads_like_any_dataset(tmp_path: Path) -> None:
    splits = load_splits(DataSettings(dataset="digits"), tmp_path)
    assert splits.train.images.shape == (1375, 1, 32, 32)
    assert splits.validation.images.shape == (125, 1, 32, 32)
    assert splits.test is not None
    assert splits.test.images.shape == (297, 1, 32, 32)
    assert list(tmp_path.iterdir()) == []


def test_without_scikit_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bnbench.data.digits.find_spec", lambda _: None)
    with pytest.raises(BnbenchError, match="pip install scikit-learn"):
        load_splits(DataSettings(dataset="digits"), tmp_path)
