"""Claims from files: the shipped ones, and each problem in one line at its place."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from bnbench.claims import Claim, article_claims, check_claims, load_claims, study_claims
from bnbench.config import Study
from bnbench.errors import BnbenchError
from tests.unit.claims.conftest import MakeBest, MakeFinding, MakeStudy

HEAD = """\
claims:
  - id: X.1
    article: X
    claim: One arm is better.
    claimed: better
"""
GOOD = "{aspect: level, study: study, contrast: c, metric: test_accuracy, rule: higher}"


def problem(tmp_path: Path, text: str) -> str:
    path = tmp_path / "claims.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BnbenchError) as caught:
        load_claims(path)
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_all_claims_of_the_articles_are_there() -> None:
    claims = article_claims()
    counts = Counter(claim.article for claim in claims)
    assert counts == {"A0": 17, "A1": 8, "A2": 16 + 3, "A3": 11 + 3, "A4": 14 + 2}
    numbers = [f"{article}.{n + 1}" for article, count in counts.items() for n in range(count)]
    assert [claim.id for claim in claims] == numbers
    not_testable = [one.id for one in claims if one.not_testable]
    assert not_testable == ["A2.3", "A2.17", "A2.18", "A3.5", "A3.12", "A3.13", "A4.15"]
    assert not [one.id for one in claims if one.needs]  # each has a study or a check


def test_the_studies_have_all_that_the_claims_name(studies: dict[str, Study]) -> None:
    check_claims(article_claims(), studies)


def test_a_place_is_a_line_of_the_file() -> None:
    claim = article_claims()[2]
    place, _, key = claim.place("tests.1.rule").rpartition(": ")
    path, line, _ = place.rsplit(":", 2)
    assert key == "claims.2.tests.1.rule"
    assert "rule: above" in Path(path).read_text(encoding="utf-8").splitlines()[int(line) - 1]


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("", "claims.yaml:2:5: claims.0: must have `tests`, `needs` or both"),
        (f"    tests: [{GOOD}]\n    not_testable: no\n", "claims.0.not_testable"),
        (f"    tests: [{GOOD}]\n    not_testable: why\n", "or else `not_testable` alone"),
        (f"    test: [{GOOD}]\n", "claims.0.test: "),
        (
            f"    tests: [{GOOD.replace('higher', 'hihger')}]\n",
            "claims.0.tests.0.rule: there is no rule 'hihger'; did you mean 'higher'?",
        ),
        (
            f"    tests: [{GOOD.replace('test_acc', 'tset_acc')}]\n",
            "claims.0.tests.0.metric: there is no metric 'tset_accuracy';"
            " did you mean 'test_accuracy'?",
        ),
        (
            f"    tests: [{GOOD.replace('higher', 'above, number: 1, arm: b')}]\n",
            ": aspect, rule, study, arm, metric, number",
        ),
        (
            f"    tests: [{GOOD.replace('contrast: c, ', '')}]\n",
            "claims.0.tests.0.contrast: ",
        ),
        (
            "    tests: [{aspect: a, study: s, metric: test_accuracy, rule: reproduced,"
            " number: 1}]\n",
            "must name either a contrast or an arm",
        ),
        (f"    tests: [{GOOD.replace('metric: test_accuracy, ', '')}]\n", "tests.0.metric: "),
        (f"    tests: [{GOOD[:-1]}, check: c}}]\n", "tests.0.check: "),
        (f"    tests: [{GOOD.replace('study: study, ', '')}]\n", "tests.0.study: "),
        (f"    tests: [{GOOD.replace('higher', 'reproduced')}]\n", "tests.0.number: "),
        (
            f"    tests: [{GOOD.replace('higher', 'higher, number: 1')}]\n",
            ": aspect, rule, study, contrast, metric, smallest_effect",
        ),
        (
            f"    tests: [{GOOD.replace('higher', 'higher, smallest_effect: .nan')}]\n",
            "claims.0.tests.0.smallest_effect: ",
        ),
        (
            f"    tests: [{GOOD.replace('higher', 'reproduced, number: 1, smallest_effect: 1')}]\n",
            "claims.0.tests.0.smallest_effect: ",
        ),
        (
            f"    tests: [{GOOD.replace('higher', 'sooner')}]\n",
            "the rule is of a time, and test_accuracy is a level",
        ),
        (f"    tests: [{GOOD.replace('higher', 'wider')}]\n", "tests.0.metric: "),
        (
            "    needs: a\n  - {id: X.1, article: X, claim: a, claimed: b, needs: c}\n",
            "also the id",
        ),
        ("    tests: 3\n", "claims.0.tests: "),
    ],
)
def test_every_problem_is_one_line(tmp_path: Path, tests: str, said: str) -> None:
    text = problem(tmp_path, HEAD + tests)
    assert said in text
    assert len(text.splitlines()) == 1
    assert re.match(r"claims\.yaml:\d+:\d+: claims\.", text)


def test_problems_come_all_at_once(tmp_path: Path) -> None:
    one = GOOD.replace("higher", "x").replace("study: study", "study: y")
    assert len(problem(tmp_path, f"{HEAD}    tests: [{one}, {one}]\n").splitlines()) == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("study: study", "study: stuyd", "no study 'stuyd'; did you mean 'study'?"),
        ("contrast: c", "contrast: d", "claims.0.tests.0.contrast: there is no contrast in"),
        ("contrast: c", "contrast: c@1", "did you mean 'c'?"),
        ("test_accuracy", "loss_gap", "no metric of c in the study study 'loss_gap'"),
        (
            "contrast: c, metric: test_accuracy, rule: higher",
            "arm: plan, metric: test_accuracy, rule: above, number: 1",
            "no arm in the study study 'plan'; did you mean 'plain'?",
        ),
        (
            "contrast: c, metric: test_accuracy, rule: higher",
            "contrast: c, rule: wider",
            "no contrast in the study study 'c'; choose one of: best",
        ),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(
    tmp_path: Path,
    make_finding: MakeFinding,
    make_best: MakeBest,
    make_study: MakeStudy,
    old: str,
    new: str,
    said: str,
) -> None:
    finding = make_finding([0.1], metric="test_accuracy", name="c", labels=("b", "plain"))
    study = make_study([finding], [make_best((), (), [finding])]).study
    path = tmp_path / "claims.yaml"
    path.write_text(f"{HEAD}    tests: [{GOOD}]\n", encoding="utf-8")
    check_claims(load_claims(path), {"study": study})
    path.write_text(f"{HEAD}    tests: [{GOOD.replace(old, new)}]\n", encoding="utf-8")
    with pytest.raises(BnbenchError, match=re.escape(said)) as caught:
        check_claims(load_claims(path), {"study": study})
    assert str(caught.value).startswith(f"{path}:6:")


def test_a_study_may_have_claims_of_its_own(make_study: MakeStudy) -> None:
    study = make_study(text=f"study: study\nquestion: why\n{HEAD}    needs: more runs\n").study
    (claim,) = study_claims(study)
    assert claim.id == "X.1"
    assert claim.place("needs") == f"{study.path}:8:5: claims.0.needs"
    assert study_claims(make_study().study) == ()
    with pytest.raises(BnbenchError, match=r"'X\.1' is also the id at"):
        check_claims([claim, Claim.model_validate(claim.model_dump())], {})
