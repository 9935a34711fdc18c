"""The table of threads: each time alone, beside another program, and their ratio."""

from __future__ import annotations

from benchmarks.threads import rows_of


def test_rows() -> None:
    alone = {("torch", 2): 400.0, ("batch_last", 1): 100.0}
    beside = {("batch_last", 1): 150.0, ("torch", 2): 4000.0}
    assert rows_of(alone, beside) == [  # type: ignore[arg-type]
        ["torch, 2 threads", "400", "4000", "10.0"],
        ["batch innermost, 1 thread", "100", "150", "1.5"],
    ]
