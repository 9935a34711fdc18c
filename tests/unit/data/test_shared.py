"""Shared splits: the same bits as loaded ones, in memory once, harmed by nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bnbench.config import DataSettings
from bnbench.data import Split, Splits, load_splits, shared, shared_splits

DIGITS = DataSettings(dataset="digits")


def assert_equal(one: Splits, other: Splits) -> None:
    names = ("dataset", "dataset_hash", "num_classes", "validation_is_test")
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    for name in ("train", "validation", "test"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert (ours is None) == (theirs is None)
        if isinstance(ours, Split):
            assert torch.equal(ours.images, theirs.images)
            assert torch.equal(ours.labels, theirs.labels)


@pytest.mark.parametrize("split", ["held_out", "published"])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_and_the_next_have_what_is_loaded(
    split: str, channels: int, tmp_path: Path
) -> None:
    settings = DIGITS.model_copy(update={"split": split})
    loaded = load_splits(settings, tmp_path, channels)
    for _ in range(3):
        assert_equal(shared_splits(settings, tmp_path, channels, tmp_path), loaded)


def test_the_second_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shared_splits(DIGITS, tmp_path, 1, tmp_path)
    monkeypatch.delattr(shared, "load_splits")
    assert_equal(shared_splits(DIGITS, tmp_path, 1, tmp_path), first)
    with pytest.raises(NameError):  # other pixels are another file
        shared_splits(DIGITS.model_copy(update={"scaling": "unit"}), tmp_path, 1, tmp_path)


def test_what_one_writes_nobody_else_sees(tmp_path: Path) -> None:
    for _ in range(2):
        mine = shared_splits(DIGITS, tmp_path, 1, tmp_path)
        mine.train.images.fill_(7)
    assert_equal(shared_splits(DIGITS, tmp_path, 1, tmp_path), load_splits(DIGITS, tmp_path))


def test_without_room_each_has_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("unexpected pos 64 vs 0")  # torch's words for a full disk

    monkeypatch.setattr(torch, "save", full)
    for _ in range(2):
        assert_equal(shared_splits(DIGITS, tmp_path, 1, tmp_path), load_splits(DIGITS, tmp_path))
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]
