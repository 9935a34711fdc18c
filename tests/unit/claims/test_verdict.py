"""How several outcomes make one, and the words for them: the stated rule, case by case."""

from __future__ import annotations

import pytest

from bnbench.claims.verdict import Verdict, answer_of, together

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("verdicts", "expected", "answer"),
    [
        ([SUPPORTED, SUPPORTED], SUPPORTED, "yes"),
        ([REFUTED, REFUTED], REFUTED, "no"),
        ([SUPPORTED, INCONCLUSIVE], SUPPORTED, "yes, as far as decided"),
        ([REFUTED, INCONCLUSIVE], REFUTED, "no, as far as decided"),
        ([SUPPORTED, REFUTED], Verdict.MIXED, "in part"),
        ([SUPPORTED, REFUTED, INCONCLUSIVE, Verdict.OPEN], Verdict.MIXED, "in part"),
        ([SUPPORTED, Verdict.OPEN], Verdict.OPEN, "open"),
        ([INCONCLUSIVE, Verdict.OPEN], Verdict.OPEN, "open"),
        ([INCONCLUSIVE, INCONCLUSIVE], INCONCLUSIVE, "not decided"),
        ([Verdict.NOT_TESTABLE], Verdict.NOT_TESTABLE, "not testable"),
    ],
)
def test_the_rule(verdicts: list[Verdict], expected: Verdict, answer: str) -> None:
    for order in (verdicts, verdicts[::-1]):
        assert together(order) is expected
        assert answer_of(order) == answer


def test_a_question_that_asks_for_no_direction_has_words_of_its_own() -> None:
    words = [one.answer("different") for one in (SUPPORTED, REFUTED, Verdict.MIXED)]
    assert words == ["different", "equivalent", "different in part"]
    assert INCONCLUSIVE.answer("different") == INCONCLUSIVE.answer("higher")
