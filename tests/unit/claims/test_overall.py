"""A whole claim's verdict: the stated rule, case by case."""

from __future__ import annotations

import pytest

from bnbench.claims.overall import overall
from bnbench.claims.verdict import Verdict


@pytest.mark.parametrize(
    ("aspects", "expected"),
    [
        ("SUPPORTED SUPPORTED", "SUPPORTED"),
        ("REFUTED INCONCLUSIVE", "REFUTED"),
        ("SUPPORTED REFUTED", "MIXED"),
        ("SUPPORTED REFUTED OPEN", "MIXED"),
        ("SUPPORTED OPEN", "OPEN"),
        ("INCONCLUSIVE OPEN", "OPEN"),
        ("INCONCLUSIVE INCONCLUSIVE", "INCONCLUSIVE"),
    ],
)
def test_the_rule(aspects: str, expected: str) -> None:
    assert overall(map(Verdict, aspects.split())) is Verdict(expected)


def test_what_no_run_can_judge() -> None:
    assert overall([Verdict.NOT_TESTABLE]) is Verdict.NOT_TESTABLE
