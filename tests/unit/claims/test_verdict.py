"""How several outcomes make one, and the words for them: the stated rules, case by case."""

from __future__ import annotations

import pytest

from bnbench.claims.verdict import Verdict, of_claim, of_question


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
    assert of_claim(map(Verdict, aspects.split())) is Verdict(expected)


def test_what_no_run_can_judge() -> None:
    assert of_claim([Verdict.NOT_TESTABLE]) is Verdict.NOT_TESTABLE


@pytest.mark.parametrize(
    ("parts", "expected", "answer"),
    [
        ("SUPPORTED SUPPORTED", "SUPPORTED", "yes"),
        ("REFUTED REFUTED", "REFUTED", "no"),
        ("SUPPORTED INCONCLUSIVE", "MIXED", "in part"),
        ("MIXED REFUTED", "MIXED", "in part"),
        ("REFUTED INCONCLUSIVE", "INCONCLUSIVE", "not decided"),
    ],
)
def test_the_rule_of_a_question(parts: str, expected: str, answer: str) -> None:
    verdict = of_question(map(Verdict, parts.split()))
    assert (verdict, verdict.answer()) == (Verdict(expected), answer)


def test_a_question_that_asks_for_no_direction_has_words_of_its_own() -> None:
    words = [one.answer("different") for one in (Verdict.SUPPORTED, Verdict.REFUTED, Verdict.MIXED)]
    assert words == ["different", "equivalent", "different in part"]
    assert Verdict.INCONCLUSIVE.answer("different") == Verdict.INCONCLUSIVE.answer("higher")
