"""Training images class after class, and batches that keep theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from bnbench.config import DataSettings, Experiment, TrainingSettings
from bnbench.config.loading import configuration_hash
from bnbench.data import load_splits
from bnbench.training.batches import batch_order

HASH = "7675ef1f0f2eb559ffd482c6f2f9b023fbc7c604b026f575380250e7fac620c5"


def test_class_after_class_only_the_training_images_that_are_used(tmp_path: Path) -> None:
    """By Python's sort, which is stable, over the images as they were."""
    settings = DataSettings(dataset="digits", train_examples=300)
    before = load_splits(settings, tmp_path)
    after = load_splits(settings.model_copy(update={"order": "by_class"}), tmp_path)
    labels = before.train.labels.tolist()
    places = sorted(range(300), key=labels.__getitem__)
    assert after.train.labels.tolist() == sorted(labels)
    torch.testing.assert_close(after.train.images, before.train.images[places], rtol=0, atol=0)
    torch.testing.assert_close(after.validation.labels, before.validation.labels, rtol=0, atol=0)


def test_shuffled_batches_keep_their_images() -> None:
    settings = TrainingSettings(batch_size=10, shuffled="batches")
    generator = torch.Generator().manual_seed(3)
    epochs = [[batch.tolist() for batch in batch_order(44, settings, generator)] for _ in range(3)]
    whole = [list(range(start, start + 10)) for start in range(0, 40, 10)]
    for batches in epochs:
        assert sorted(batches[:4]) == whole
        assert batches[4:] == [[40, 41, 42, 43]]
    assert len({tuple(map(tuple, batches)) for batches in epochs}) > 1
    dropped = batch_order(44, settings.model_copy(update={"drop_last": True}), generator)
    assert len(dropped) == 4


def test_a_run_of_before_these_keys_is_the_same_run() -> None:
    """The hash of a config without them, as the release before them gave it."""
    plain = Experiment.model_validate({"experiment": "e", "model": {"name": "LeNet5"}})
    assert configuration_hash(plain) == HASH
    other = {"data": {"order": "by_class"}}, {"training": {"shuffled": "batches"}}
    hashes = {
        configuration_hash(Experiment.model_validate(plain.model_dump(exclude_unset=True) | one))
        for one in other
    }
    assert len(hashes - {HASH}) == 2


def test_batches_of_one_class(tmp_path: Path) -> None:
    """But for those at the border of two classes."""
    settings = DataSettings(dataset="digits", order="by_class")
    labels = load_splits(settings, tmp_path).train.labels.numpy()
    wanted = TrainingSettings(batch_size=16, shuffled="batches")
    batches = batch_order(len(labels), wanted, torch.Generator().manual_seed(0))
    classes = [len(np.unique(labels[batch.numpy()])) for batch in batches]
    assert classes.count(1) >= len(batches) - 9
    assert max(classes) == 2
