from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from bnbench.claims import Judgement, Outcome, Verdict, article_claims
from bnbench.metrics import QUANTITIES
from bnbench.metrics.of_probes import QUESTIONS
from bnbench.report.mechanisms import mechanisms_table


def _judgements(*aspects: str) -> list[Judgement]:
    """Judge each test of these claims alike: one number, supported."""
    return [
        Judgement(claim, test, Outcome(Verdict.SUPPORTED, 6, "+1.0, n = 6"), "inside_small", "few")
        for claim in article_claims()
        for test in claim.tests
        if test.names.get("study") == "inside" and test.aspect in aspects
    ]


STUDIES: Any = [SimpleNamespace(study=SimpleNamespace(name="inside_small"))]


def test_what_several_claims_rest_on_is_one_row_that_names_them() -> None:
    judgements = _judgements("drift of the input of F6")
    claims = [one.claim.id for one in judgements]
    assert len(claims) > 1
    row = f"| drift of the input of F6 | +1.0, n = 6 | supported: {', '.join(claims)} |"
    assert row in mechanisms_table(judgements, STUDIES).splitlines()


def test_another_verdict_is_another_row_and_another_study_none() -> None:
    first, second, third, *_ = _judgements("drift of the input of F6")
    refuted = replace(second.outcome, verdict=Verdict.REFUTED, how="turned round")
    other = replace(second, outcome=refuted)
    table = mechanisms_table([first, other, replace(third, study="headline")], STUDIES)
    assert f"supported: {first.claim.id} |" in table
    assert f"refuted, turned round: {second.claim.id} |" in table
    assert third.claim.id not in table


def test_every_probe_of_a_metric_has_its_question() -> None:
    assert set(QUESTIONS) == {one.probe for one in QUANTITIES.values()} - {""}
