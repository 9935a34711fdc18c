"""Names of a figure's rows: short, and never the same for different pairs."""

from __future__ import annotations

import pytest

from bnbench.report.short_names import Pair, short_names

RATES = "SGD with momentum 0.9, learning rate"


@pytest.mark.parametrize(
    ("pairs", "names", "shared"),
    [
        (
            [("batch norm, corrected", "plain, corrected"), ("batch norm, old", "plain, old")],
            ["corrected", "old"],
            ("batch norm", "plain"),
        ),
        (
            [(f"batch norm, {RATES} 0.01", f"plain, {RATES} 0.03")] * 2
            + [("batch norm, SGD, learning rate 1", "plain, SGD, learning rate 1")],
            [f"{RATES} 0.01 against 0.03"] * 2 + ["SGD, learning rate 1"],
            ("batch norm", "plain"),
        ),
        (
            [("plain, Adam, inputs [0, 1]", "plain, Adam, inputs 0 to 255")],
            ["plain, Adam"],
            ("inputs [0, 1]", "inputs 0 to 255"),
        ),
        (
            [("plain, inputs raw", "plain, inputs unit"), ("plain, inputs unit", "plain, x")],
            ["plain, inputs raw against unit", "plain, inputs unit against x"],
            None,
        ),
        (
            [("batch norm, shifted", "plain"), ("batch norm, shifted", "batch norm")],
            ["“batch norm, shifted” against “plain”", "“batch norm, shifted” against “batch norm”"],
            None,
        ),
        (
            [("C1, C3 and F5", "C1, C3 and F6"), ("C1", "none")],
            ["“C1, C3 and F5” against “C1, C3 and F6”", "“C1” against “none”"],
            None,
        ),
        (
            [
                ("plain, pixels from 0 to 1", "plain, pixels from 0 to 255"),
                ("plain, a", "plain, b"),
            ],
            ["plain, pixels from 0 to 1 against 0 to 255", "plain, a against b"],
            None,
        ),
        (
            [("batches of 8", "batches of 2"), ("plain, batches of 8", "plain, batches of 2")],
            ["“batches of 8” against “batches of 2”", "plain, batches of 8 against 2"],
            None,
        ),
        # two pairs that would have one name keep both sides
        (
            [("a, x", "b, x"), ("a, x, y", "b, x, y"), ("x, a", "b, x")],
            ["“a, x” against “b, x”", "“a, x, y” against “b, x, y”", "“x, a” against “b, x”"],
            None,
        ),
    ],
)
def test_what_all_rows_share_is_said_once(
    pairs: list[Pair], names: list[str], shared: Pair | None
) -> None:
    assert short_names(pairs) == (names, shared)
