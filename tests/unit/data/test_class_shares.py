"""Classes made unequal: counted by hand, image by image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnbench.config import DataSettings, Experiment, ModelSettings, load_experiment
from bnbench.config.loading import configuration_hash
from bnbench.data import describe_splits, load_splits
from bnbench.data.datasets import Examples
from bnbench.data.splits import _unbalanced
from bnbench.errors import BnbenchError
from bnbench.training.check import check_experiment

SHARES = (1.0, 0.5, 0.1, 1.0, 1.0, 1.0, 0.001, 1.0, 1.0, 0.75)


@given(
    labels=st.lists(st.integers(0, 2), min_size=1, max_size=60),
    shares=st.tuples(*[st.floats(0.01, 1)] * 3),
)
def test_the_first_of_each_class_stay_in_their_order(
    labels: list[int], shares: tuple[float, ...]
) -> None:
    images = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1)
    kept = _unbalanced(Examples(images, np.array(labels, np.uint8)), shares)
    expected, seen = [], [0, 0, 0]
    for place, label in enumerate(labels):
        seen[label] += 1
        if seen[label] <= max(1, round(shares[label] * labels.count(label))):
            expected.append(place)
    assert kept.images.flatten().tolist() == expected
    assert kept.labels.tolist() == [labels[place] for place in expected]


def test_only_the_training_split_is_changed(tmp_path: Path) -> None:
    whole = load_splits(DataSettings(dataset="digits"), tmp_path)
    settings = DataSettings(dataset="digits", class_shares=SHARES)
    part = load_splits(settings, tmp_path)
    before, after = (np.bincount(splits.train.labels.numpy()) for splits in (whole, part))
    assert after.tolist() == [
        max(1, round(share * count)) for share, count in zip(SHARES, before, strict=True)
    ]
    assert whole.test is not None
    assert part.test is not None
    np.testing.assert_array_equal(part.test.labels.numpy(), whole.test.labels.numpy())
    np.testing.assert_array_equal(part.validation.images.numpy(), whole.validation.images.numpy())
    assert describe_splits(settings, tmp_path).train_examples == len(part.train.labels)
    fewer = settings.model_copy(update={"train_examples": 20})
    np.testing.assert_array_equal(
        load_splits(fewer, tmp_path).train.labels.numpy(), part.train.labels[:20].numpy()
    )


def test_a_share_for_each_class_or_one_line(root: Path) -> None:
    short = load_experiment(root / "configs/lenet5.yaml", ["data.class_shares=[1, 0.5, 1]"])
    with pytest.raises(BnbenchError, match="class_shares: has 3 shares, but mnist has 10 classes"):
        check_experiment(short)
    with pytest.raises(BnbenchError, match=r"data\.class_shares\.1: must be above 0, not 0"):
        load_experiment(root / "configs/lenet5.yaml", ["data.class_shares=[1, 0]"])


def test_earlier_runs_keep_their_hash() -> None:
    model = ModelSettings(name="LeNet5")
    equal = Experiment(experiment="e", model=model)
    unequal = Experiment(experiment="e", model=model, data=DataSettings(class_shares=SHARES))
    assert "class_shares" in equal.model_dump()["data"]
    assert configuration_hash(equal) != configuration_hash(unequal)
