"""A results folder as one table: held to the CSV files themselves, read by pandas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import bnbench
from bnbench.errors import BnbenchError
from tests.edits import edit_text
from tests.unit.conftest import MakeRun


def test_one_row_a_run_and_epoch(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run(name, seed, [0.5, 0.75]) for name in ("b", "a/x") for seed in (1, 0)]
    table = bnbench.load_results(tmp_path / "results")
    assert list(zip(table["experiment"], table["seed"], table["epoch"], strict=True)) == [
        (name, seed, epoch) for name in ("a/x", "b") for seed in (0, 1) for epoch in (1, 2)
    ]
    assert set(table["status"]) == {"complete"}
    for run in runs:
        by_pandas = pd.read_csv(run.epochs)
        ours = table[table["path"] == str(run.path)].reset_index(drop=True)
        numbers = by_pandas.columns.difference(["training_mode"])
        pd.testing.assert_frame_equal(ours[numbers], by_pandas[numbers])


def test_an_edited_file_is_named(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("a", 0, [0.5])
    bad = make_run("b", 0, [0.5])
    edit_text(bad.epochs, "0.5", "half")
    with pytest.raises(BnbenchError, match=r"b/seed-0/epochs\.csv"):
        bnbench.load_results(tmp_path / "results")
