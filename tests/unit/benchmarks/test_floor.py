"""The floor: operations counted by hand from the layers' shapes."""

from __future__ import annotations

from benchmarks.floor import operations, rate

C1 = 2 * 6 * 28 * 28 * (1 * 5 * 5)
C3 = 2 * 16 * 10 * 10 * (6 * 5 * 5)
LINEAR = 2 * (400 * 120 + 120 * 84 + 84 * 10)


def test_operations_are_those_of_the_layers() -> None:
    """Backward, every layer has two products as dear as the forward one; C1, on images, one."""
    counted = operations()
    assert counted.evaluation == C1 + C3 + LINEAR == 833_040
    assert counted.training == 3 * (C1 + C3 + LINEAR) - C1 == 2_263_920
    assert counted.of_epoch(training=60_000, evaluation=10_000) == 144_165_600_000


def test_a_rate_is_that_of_a_processor() -> None:
    """Between a pocket calculator and a rack: operations a second, not milliseconds or bytes."""
    assert 1e8 < rate(1) < 1e14
