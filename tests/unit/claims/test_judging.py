"""From claims and findings to verdicts: what was run, in part, as a small variant, or not."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from bnbench.claims import Check, Claim, Judgement, Verdict, article_claims, claims_table, judge
from bnbench.config import parse_metric
from bnbench.errors import BnbenchError
from bnbench.findings.results import Note
from tests.unit.claims.conftest import MakeBest, MakeFinding, MakeStudy

UP = [0.02, 0.021, 0.019, 0.02, 0.02, 0.021]
TEST = {"aspect": "level", "study": "study", "contrast": "contrast", "rule": "higher"}
METRIC = {"metric": "validation_accuracy@last"}


def claim(number: str = "X.1", article: str = "X", **fields: Any) -> Claim:
    return Claim(id=number, article=article, claim="better", claimed="better", **fields)


def asking(**changes: Any) -> Claim:
    """A claim of one test; a key that is changed to ``None`` is left out."""
    values = {**TEST, **METRIC, **changes}
    return claim(tests=[{key: value for key, value in values.items() if value is not None}])


def only(judgements: tuple[Judgement, ...]) -> Judgement:
    (judgement,) = judgements
    return judgement


def test_a_verdict_with_its_numbers(make_finding: MakeFinding, make_study: MakeStudy) -> None:
    judgement = only(judge([asking()], {"study": make_study([make_finding(UP)])}))
    assert judgement.outcome.verdict is Verdict.SUPPORTED
    assert (judgement.study, judgement.outcome.n, judgement.aspect) == ("study", 6, "level")
    assert judgement.numbers.startswith("+2.02 pp [")


def test_the_line_says_how(make_finding: MakeFinding, make_study: MakeStudy) -> None:
    down = make_study([make_finding([-one for one in UP])])
    title = parse_metric(METRIC["metric"]).title.capitalize()
    judgement = only(judge([asking()], {"study": down}))
    subject = f"{title}, “treatment” against “baseline”"
    assert judgement.line == f"The other way round. {subject}: {judgement.numbers}."
    missed = only(judge([asking(rule="reproduced", number=0.5)], {"study": down}))
    found, predicted = missed.numbers.split("; one further pair")
    assert missed.line == f"Not reproduced. {subject}: {found}. One further pair{predicted}."


def test_a_line_ends_with_what_was_reduced(
    make_finding: MakeFinding, make_study: MakeStudy
) -> None:
    small = make_study([make_finding(UP)], name="study_small", keeps="epochs 4 to 10")
    judgement = only(judge([asking()], {"study_small": small}))
    assert judgement.line.endswith(", n = 6. Reduced run: epochs 4 to 10.")


def test_what_was_not_run_is_open(make_finding: MakeFinding, make_study: MakeStudy) -> None:
    never = only(judge([asking()], {}))
    assert never.outcome.verdict is Verdict.OPEN
    assert never.line == never.numbers == "not run: bnbench reproduce study"  # no full stop
    there = make_study([make_finding([])])
    empty = only(judge([asking()], {"study": there}))
    assert empty.numbers == f"not run: bnbench reproduce {there.study.path}"
    assert (empty.outcome.verdict, empty.study, empty.outcome.n) == (Verdict.OPEN, "", 0)


def test_what_was_not_measured_says_why(make_finding: MakeFinding, make_study: MakeStudy) -> None:
    for values in ({}, {0: 0.9}):
        finding = make_finding(
            treatment=values,
            baseline={1: 0.9},
            notes=(Note(("x",), "no batches.csv"), Note(("y",), "no batches.csv"), Note(("b",))),
        )
        there = make_study([finding])
        judgement = only(judge([asking()], {"study": there}))
        assert judgement.outcome.verdict is Verdict.OPEN
        assert judgement.numbers == (
            f"not measured (no batches.csv; b): bnbench reproduce {there.study.path}"
        )


def test_a_small_variant_counts_where_the_full_study_was_not_run(
    make_finding: MakeFinding, make_study: MakeStudy
) -> None:
    small = make_study([make_finding(UP)], name="study_small", keeps="epochs 4 to 10")
    full, empty = make_study([make_finding(UP[:3])]), make_study([make_finding([])])
    for findings in ({"study_small": small}, {"study": empty, "study_small": small}):
        judgement = only(judge([asking()], findings))
        assert (judgement.outcome.verdict, judgement.study) == (Verdict.SUPPORTED, "study_small")
        assert judgement.numbers.endswith("; reduced run: epochs 4 to 10")
    judgement = only(judge([asking()], {"study": full, "study_small": small}))
    assert (judgement.study, judgement.outcome.n) == ("study", 3)


def test_an_arm_is_found_on_either_side(make_finding: MakeFinding, make_study: MakeStudy) -> None:
    other = make_finding([0.1, 0.1], metric="test_accuracy", labels=("bn", "plain"))
    finding = make_finding([0.1, 0.101] * 3, labels=("bn", "plain"))
    change = {"contrast": None, "rule": "above", "number": 0.55}
    for arm, verdict in (("bn", Verdict.SUPPORTED), ("plain", Verdict.REFUTED)):
        study = make_study([other, finding])
        judgement = only(judge([asking(arm=arm, **change)], {"study": study}))
        assert judgement.outcome.verdict is verdict
    missing = make_study([make_finding([], labels=("bn", "plain"))])
    judgement = only(judge([asking(arm="bn", **change)], {"study": missing}))
    assert judgement.numbers.startswith("not run: ")


def test_the_line_names_what_its_number_is_of(
    make_finding: MakeFinding, make_best: MakeBest, make_study: MakeStudy
) -> None:
    """The title of an arm, the two sides of a best without their points; of a check nothing."""
    level = make_finding([0.1, 0.101] * 3, labels=("bn", "plain"))
    found = {"study": make_study([level], [make_best((0.1, 1.0), (0.1,))])}
    of_arm = asking(arm="bn", contrast=None, rule="above", number=0.55)
    of_best = asking(contrast="best", rule="larger", metric=None)
    assert only(judge([of_arm], found)).compared == "“bn”"
    line = only(judge([of_best], found)).line
    assert line.startswith("“bn” against “plain”: largest usable learning rate (")
    exact = only(judge([claim(tests=[EXACT])], {}, {"mean": Check("mean", 0, 0, 1)}))
    assert exact.line == "Mean: 0, claimed: 0 within 1."


def test_best_against_best(
    make_finding: MakeFinding, make_best: MakeBest, make_study: MakeStudy
) -> None:
    study = make_study(best=[make_best((0.1, 1.0), (0.1,), [make_finding(UP)])])
    scored = only(judge([asking(contrast="best")], {"study": study}))
    assert scored.outcome.verdict is Verdict.SUPPORTED
    wide = asking(contrast="best", rule="wider", metric=None)
    assert only(judge([wide], {"study": study})).outcome.n == 6
    empty = make_study(best=[make_best((), ())])
    assert only(judge([wide], {"study": empty})).outcome.verdict is Verdict.OPEN


def test_a_share_and_a_time_at_seeds_apart_are_open(
    make_finding: MakeFinding, make_study: MakeStudy
) -> None:
    for rule, metric in (("sooner", "steps_to_loss@0.2"), ("more_diverged", "diverged")):
        finding = make_finding(treatment={0: 1.0}, baseline={1: 1.0}, metric=metric)
        asked = asking(rule=rule, metric=metric)
        assert (
            only(judge([asked], {"study": make_study([finding])})).outcome.verdict is Verdict.OPEN
        )


def test_needs_are_open_and_the_untestable_says_why() -> None:
    needs, never = claim("X.1", needs="a probe"), claim("X.2", not_testable="CIFAR")
    first, second = judge([needs, never], {})
    assert (first.outcome.verdict, first.numbers, first.aspect) == (
        Verdict.OPEN,
        "needs: a probe",
        "",
    )
    assert (second.outcome.verdict, second.numbers) == (Verdict.NOT_TESTABLE, "CIFAR")
    both = claim(tests=[{**TEST, **METRIC}], needs="a probe")
    assert [one.aspect for one in judge([both], {})] == ["level", "the rest"]


def test_order_is_by_article_and_number() -> None:
    ids = [("A0.10", "A0"), ("A1.1", "A1"), ("A0.2", "A0"), ("mine", "own"), ("A0.2b", "A0")]
    judged = judge([claim(one, article, needs="a") for one, article in ids], {})
    assert [one.claim.id for one in judged] == ["A0.2", "A0.2b", "A0.10", "A1.1", "mine"]


def test_without_runs_no_article_claim_is_supported() -> None:
    verdicts = {one.outcome.verdict for one in judge(article_claims(), {})}
    assert verdicts == {Verdict.OPEN, Verdict.NOT_TESTABLE}


def test_the_table_has_a_row_for_each_aspect(
    make_finding: MakeFinding, make_study: MakeStudy
) -> None:
    asked = claim(
        tests=[
            {**TEST, **METRIC},
            {**TEST, **METRIC, "rule": "reproduced", "number": 0.5},
            {**TEST, **METRIC, "rule": "lower"},
        ],
        needs="a probe",
    )
    table = claims_table(judge([asked], {"study": make_study([make_finding(UP)])}))
    assert table["verdict"].tolist() == ["SUPPORTED", "REFUTED", "REFUTED", "OPEN"]
    assert table["reproduced"].tolist() == ["", "not reproduced", "", ""]
    assert table["how"].tolist() == ["", "", "the other way round", ""]
    assert table["n"].tolist() == [6, 6, 6, 0]
    assert table["subject"].tolist() == ["contrast", "contrast", "contrast", ""]
    numbers = ["number", "rounding", "smallest_effect"]
    assert not table.drop(columns=numbers).isna().any(axis=None)
    assert table["number"].notna().tolist() == [False, True, False, False]
    pd.testing.assert_index_equal(claims_table([]).columns, table.columns)


EXACT = {"aspect": "mean", "rule": "check", "check": "mean"}


@pytest.mark.parametrize(
    ("found", "verdict", "numbers"),
    [
        (Check("mean", 3e-7, 0, 1e-4), Verdict.SUPPORTED, "mean: 0, claimed: 0 within 0.0001"),
        (Check("mean", -0.5, 0, 0.01), Verdict.REFUTED, "mean: −0.5, claimed: 0 within 0.01"),
        (Check("share", 0.25, 0.75, 0.25), Verdict.REFUTED, "share: 0.25, claimed: 0.5 to 1"),
        (Check("share", 0.5, 0.75, 0.25), Verdict.SUPPORTED, "share: 0.5, claimed: 0.5 to 1"),
        (Check("rows", 49, 64, why="wrong"), Verdict.REFUTED, "rows: 49, claimed: 64; wrong"),
        (Check("mean", float("nan"), 0, 1), Verdict.REFUTED, "mean: nan, claimed: 0 within 1"),
    ],
)
def test_a_check_is_within_its_tolerance_or_not(
    found: Check, verdict: Verdict, numbers: str
) -> None:
    judgement = only(judge([claim(tests=[EXACT])], {}, {"mean": found}))
    assert (judgement.outcome.verdict, judgement.numbers, judgement.study) == (verdict, numbers, "")


def test_a_check_that_was_not_run_is_open_and_an_unknown_one_an_error() -> None:
    asked = claim(tests=[EXACT])
    assert only(judge([asked], {})).numbers == "not run: bnbench claims"
    with pytest.raises(BnbenchError, match=r"tests\.0\.check: there is no check 'mean'; did"):
        judge([asked], {}, {"means": Check("mean", 0, 0)})
