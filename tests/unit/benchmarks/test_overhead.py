"""What a run costs beside its training: the variants do the same training, and take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from benchmarks.overhead import AGAIN, Terminal, in_turn, rows_of, variants
from bnbench.config import load_experiment
from bnbench.training.device import reproducible


def test_everyone_advances_by_one_and_the_order_rotates() -> None:
    calls: list[str] = []

    def counting(name: str, steps: int) -> Iterator[int]:
        for step in range(steps):
            calls.append(name)
            yield step

    seconds = in_turn({name: counting(name, 3) for name in "abc"})
    assert "".join(calls) == "abcbcacab"
    assert list(seconds) == ["a", "b", "c"]
    assert all(value > 0 for value in seconds.values())


def test_those_that_end_earlier_are_left_out() -> None:
    works = {"short": iter([1]), "long": iter([1, 2, 3])}
    assert set(in_turn(works)) == set(works)
    assert list(works["long"]) == []


def test_rows_are_against_the_mean_of_the_two_without_anything() -> None:
    rows = rows_of({"alone": 9.9, AGAIN: 10.1, "more": 10.5})
    assert rows == [["alone", "9.90", "-1.0"], [AGAIN, "10.10", "+1.0"], ["more", "10.50", "+5.0"]]


def test_variants_are_the_same_training(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    overrides = ["training.epochs=1", "data.dataset=digits"]
    experiment = load_experiment(root / "configs/published/lenet5.yaml", overrides)
    with reproducible(1), redirect_stderr(Terminal()) as screen:
        in_turn(variants(experiment, tmp_path))
    logs = [path.read_bytes() for path in sorted(tmp_path.rglob("batches.csv"))]
    assert len(logs) == 3
    assert logs[0].count(b"\n") > 20
    assert len(set(logs)) == 1
    assert "seed 0 epoch 1/1" in screen.getvalue()
