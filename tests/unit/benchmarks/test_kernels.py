"""The table of kernels: both times and their ratio."""

from __future__ import annotations

from benchmarks.kernels import rows_of


def test_rows() -> None:
    assert rows_of("LeNet-5", [[200.0, 90.0], [80.0, 60.0]]) == [
        ["LeNet-5: step", "200", "90", "0.45"],
        ["LeNet-5: evaluation", "80", "60", "0.75"],
    ]
