"""An epoch's measures, added up by hand from its batches."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnbench.runs.agreement import agree, are_shares, measures_of_epochs

BATCHES = {
    "split": np.array(["train", "train", "validation", "validation"] * 2),
    "epoch": np.array([1, 1, 1, 1, 2, 2, 2, 2]),
    "examples": np.array([3, 1, 2, 2, 3, 1, 2, 2]),
    "loss": np.array([1.0, 2.0, 0.5, 1.5, 0.5, 0.25, 0.75, 0.25]),
    "accuracy": np.array([1 / 3, 0.0, 0.5, 1.0, 2 / 3, 1.0, 1.0, 1.0]),
}


def test_means_over_the_examples_by_hand() -> None:
    measures = measures_of_epochs(BATCHES, "mean_of_examples")
    assert {name: values.tolist() for name, values in measures.items()} == {
        "train_loss": [5 / 4, 1.75 / 4],
        "validation_loss": [1.0, 0.5],
        "validation_accuracy": [3 / 4, 1.0],
    }


def test_means_over_the_batches_by_hand() -> None:
    measures = measures_of_epochs(BATCHES, "mean_of_batches")
    assert measures["train_loss"].tolist() == [1.5, 0.375]
    assert measures["validation_accuracy"].tolist() == [3 / 4, 1.0]


def test_losses_are_the_float32_that_were_averaged() -> None:
    loss = np.full(8, 0.1)  # as read from its shortest text, which is not the float32 itself
    measures = measures_of_epochs({**BATCHES, "loss": loss}, "mean_of_batches")
    assert measures["train_loss"].tolist() == [float(np.float32(0.1))] * 2


def test_no_epochs() -> None:
    none = {name: cells[:0] for name, cells in BATCHES.items()}
    assert [len(values) for values in measures_of_epochs(none, "mean_of_examples").values()] == [
        0, 0, 0,
    ]  # fmt: skip


@given(st.data())
def test_a_share_is_a_quotient_of_whole_numbers_and_its_neighbours_are_none(
    data: st.DataObject,
) -> None:
    examples = data.draw(st.integers(1, 100_000))
    share = float(Fraction(data.draw(st.integers(0, examples)), examples))
    neighbours = np.nextafter(share, [-1.0, 2.0])
    assert are_shares(np.array([share, *neighbours]), examples).tolist() == [True, False, False]


@pytest.mark.parametrize("accuracy", [1e308, -0.5, np.nan, np.inf])
def test_what_no_accuracy_can_be_is_no_share(accuracy: float) -> None:
    assert not are_shares(np.array([accuracy]), 10).any()


def test_measures_agree_but_for_the_order_of_the_sum() -> None:
    stated = np.array([1.0, 1.0, 0.0, np.nan])
    assert agree(stated, np.array([1 + 5e-13, 1 + 2e-12, 1e-15, np.nan])).tolist() == [
        True, False, False, False,
    ]  # fmt: skip
