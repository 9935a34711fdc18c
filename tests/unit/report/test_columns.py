"""Every column of every CSV file is told of, and none that is not there."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
import pytest

from bnbench.cli.registered import registered
from bnbench.findings.tables import LEVEL_COLUMNS
from bnbench.plots.normalization import normalized
from bnbench.report.columns import csv_files
from bnbench.report.comparison import EXPERIMENTS
from bnbench.report.curves import ACCURACY_COLUMNS, DIFFERENCE_COLUMNS
from bnbench.report.losses import LOSS_COLUMNS
from bnbench.runs import BATCH_COLUMNS, EPOCH_COLUMNS, EVALUATION_COLUMNS

TOLD = {
    file: [name for names in told["columns"] for name in names.split(", ")]
    for file, told in csv_files().items()
}
SOMETIMES = {"contrasts.csv": {"any_time"}}


def header(file: Path) -> list[str]:
    reader = lzma.open if file.suffix == ".xz" else open
    with reader(file, "rt", encoding="utf-8") as lines:
        return lines.readline().rstrip("\n").split(",")


@pytest.mark.parametrize(
    ("file", "columns"),
    [
        ("batches.csv", BATCH_COLUMNS),
        ("epochs.csv", EPOCH_COLUMNS),
        ("evaluations.csv", EVALUATION_COLUMNS),
        ("accuracy.csv", ACCURACY_COLUMNS),
        ("difference.csv", DIFFERENCE_COLUMNS),
        ("loss.csv", LOSS_COLUMNS),
        ("experiments.csv", [column.title for column in EXPERIMENTS]),
        ("levels.csv", [column.title for column in LEVEL_COLUMNS]),
        ("normalization.csv", list(normalized(np.arange(3.0)))),
    ],
)
def test_the_columns_that_the_code_names(file: str, columns: list[str]) -> None:
    assert TOLD[file] == list(columns)


def test_the_columns_of_the_reference(root: Path) -> None:
    seen: dict[str, set[str]] = {}
    reference = root / "results/reference"
    first = reference / "first_verdicts.csv"  # what changes.md needs of an earlier verdicts.csv
    assert set(header(first)) < set(TOLD["verdicts.csv"])
    for path in reference.glob("*.csv*"):
        if path != first:
            seen.setdefault(path.name.removesuffix(".xz"), set()).update(header(path))
    assert set(seen) == {"contrasts.csv", "values.csv", "verdicts.csv"}
    for name, columns in seen.items():
        assert columns == set(TOLD[name]) - SOMETIMES.get(name, set()), name


def test_everything_that_has_a_name_says_what_it_is() -> None:
    kinds = registered()
    assert len(kinds) == 8
    assert all(len(names) > 2 for names in kinds.values())
    assert all(said for names in kinds.values() for said in names.values())
