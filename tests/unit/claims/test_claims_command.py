"""The verdict table as it is printed and written."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bnbench.claims import (
    COST_COLUMNS,
    Judgement,
    Verdict,
    article_claims,
    changes_since,
    claims_table,
    judge,
    study_claims,
)
from bnbench.claims.costs import WORD_COLUMNS
from bnbench.claims.verdict import together
from bnbench.cli.claims import (
    NOTHING_OPEN,
    Wanted,
    _tests_of,
    print_changes,
    print_claims,
    print_rows,
    resting_on,
)
from bnbench.errors import BnbenchError
from tests.invoke import invoke
from tests.unit.claims.conftest import MakeFinding, MakeStudy


@pytest.fixture(scope="module")
def judgements() -> tuple[Judgement, ...]:
    return judge(article_claims(), {})


def test_a_line_a_verdict_and_a_sum(
    judgements: tuple[Judgement, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    print_claims(judgements, Wanted(article="A3"))
    *lines, total, whole = capsys.readouterr().out.splitlines()
    assert whole == "The claims as a whole: 3 NOT TESTABLE, 11 OPEN"
    assert lines[0].split() == ["claim", "aspect", "verdict", "numbers"]
    assert lines[1].startswith("A3.1 ")
    assert "OPEN" in lines[1]
    assert "bnbench reproduce headline" in lines[1]
    assert "A3.14" in lines[-1]
    assert len({line.index("OPEN") for line in lines if "OPEN" in line}) == 1  # in columns
    opened = len(lines) - 4
    assert total == f"{len(lines) - 1} aspects of 14 claims: 3 NOT TESTABLE, {opened} OPEN"


def test_of_all_claims_the_open_ones_are_only_counted(
    judgements: tuple[Judgement, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file has them, and whoever asks for them sees them."""
    opened = sum(one.outcome.verdict is Verdict.OPEN for one in judgements)
    print_claims(judgements, Wanted(), tmp_path / "all.csv")
    *lines, total, folded, _ = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(judgements) - opened
    assert not any("OPEN" in line for line in lines)
    assert total.endswith(f", {opened} OPEN")
    assert folded == (
        f"Not shown: {opened} OPEN aspects, whose runs are missing; --verdict open shows them"
    )
    assert len(pd.read_csv(tmp_path / "all.csv")) == len(judgements)
    print_claims(judgements, Wanted(verdict="open"))
    assert capsys.readouterr().out.count(" OPEN ") == opened


def test_only_the_claims_of_some_studies(root: Path, judgements: tuple[Judgement, ...]) -> None:
    studies = root / "configs/studies"
    kept = resting_on(judgements, [studies / "bias.yaml", studies / "mlp.yaml"])
    everywhere = [test.names.get("study") for claim in article_claims() for test in claim.tests]
    assert len(kept) == everywhere.count("bias") + everywhere.count("mlp") > 0
    assert {one.test and one.test.names["study"] for one in kept} == {"bias", "mlp"}


def test_only_some_claims(
    judgements: tuple[Judgement, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    print_claims(judgements, Wanted(ids=["A4.2"]))
    *lines, _, _ = capsys.readouterr().out.splitlines()[1:]
    assert lines
    assert {line.split()[0] for line in lines} == {"A4.2"}
    with pytest.raises(BnbenchError, match=r"there is no claim 'A4\.99'"):
        print_claims(judgements, Wanted(ids=["A4.99"]))


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ("A99", "articles' claims are named like A4.2, and `bnbench claims --article A4` lists"),
        ("A3", "articles' claims are named like A3.2, and `bnbench claims --article A3` lists"),
        ("A99.1", "articles' claims are named like A4.2"),
        ("A4.99", "did you mean 'A4.9'?"),
        ("mine", "did you mean mine.yaml?"),
    ],
)
def test_what_is_no_claim_is_told_how_claims_are_named(
    given: str,
    remedy: str,
    judgements: tuple[Judgement, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").touch()
    if "." in given:  # that it is none is known when all are judged
        with pytest.raises(BnbenchError) as caught:
            Wanted(ids=[given]).of(judgements)
        said = str(caught.value)
    else:
        said = str(invoke("claims", given).exception)
    assert f"{given!r}; {remedy}" in said


def test_of_an_article_no_more_is_read_than_its_claims_name(root: Path) -> None:
    text = (root / "bnbench/claims/articles/A1.yaml").read_text(encoding="utf-8")
    named = {test.get("study") for test in _tests_of([], "A1")}
    assert named - {None} == set(re.findall(r"study: (\w+)", text))


def test_one_verdict_in_any_spelling(
    judgements: tuple[Judgement, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for spelling in ("not-testable", "NOT TESTABLE", "not_testable"):
        print_claims(judgements, Wanted(verdict=spelling))
        assert len(capsys.readouterr().out.splitlines()) == 1 + 7 + 2


def test_unknown_choices_are_refused(judgements: tuple[Judgement, ...]) -> None:
    with pytest.raises(BnbenchError, match="--article: there is no article 'A9'; did you mean"):
        print_claims(judgements, Wanted(article="A9"))
    with pytest.raises(
        BnbenchError, match="--verdict: there is no verdict 'opne'; did you mean 'op"
    ):
        print_claims(judgements, Wanted(verdict="opne"))


def test_the_file_has_what_is_printed(
    judgements: tuple[Judgement, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "new" / "verdicts.csv"
    print_claims(judgements, Wanted(article="A1"), path)
    table = pd.read_csv(path, keep_default_na=False)
    assert set(table["article"]) == {"A1"}
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(table) + 2
    with pytest.raises(BnbenchError, match=str(path)):
        print_claims(judgements, Wanted(), path / "below" / "verdicts.csv")


OWN = """\
study: study
question: why
claims:
  - {id: mine, article: own, claim: "[bold]up", claimed: up, tests: [{aspect: level, study: study,
     contrast: contrast, metric: validation_accuracy@last, rule: higher}]}
"""


def test_the_terminal_gets_a_table_with_the_claims_own_words(
    make_finding: MakeFinding,
    make_study: MakeStudy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = make_study([make_finding([0.02, 0.021, 0.019] * 2)], text=OWN)
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes the output for a terminal
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    print_claims(judge(study_claims(own.study), {"study": own}), Wanted(article="own"))
    out = capsys.readouterr().out
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[1:5] == [
        "mine  [bold]up (supported)",
        "SUPPORTED     level",
        "              Validation accuracy after the last epoch, “treatment” against",
        "              “baseline”: +2.00 pp [+1.91, +2.09], n = 6.",
    ]
    assert "1 aspect of 1 claim: 1 SUPPORTED" in out


def test_mixed_claims_are_shown_with_all_their_aspects(
    make_finding: MakeFinding, make_study: MakeStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    lower = "aspect: other, study: study, contrast: contrast, metric: validation_accuracy@last"
    both = OWN.replace("]}", f", {{{lower}, rule: lower}}]}}")
    own = make_study([make_finding([0.02, 0.021, 0.019] * 2)], text=both)
    judgements = judge(study_claims(own.study), {"study": own})
    print_claims(judgements, Wanted(verdict="mixed"), as_json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [(row["verdict"], row["claim_verdict"]) for row in rows] == [
        ("SUPPORTED", "MIXED"), ("REFUTED", "MIXED"),
    ]  # fmt: skip
    print_claims(judgements, Wanted(verdict="refuted"), as_json=True)
    (row,) = json.loads(capsys.readouterr().out)
    assert row["claim_verdict"] == "MIXED"  # of all aspects, not of those shown


def test_costs_as_markdown_and_where_there_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("A1.1", "level", "s", "a [−1, +1]", "10", "26", "0.1")]
    print_rows(COST_COLUMNS, rows, NOTHING_OPEN, WORD_COLUMNS, markdown=True, as_json=False)
    header, rule, row = capsys.readouterr().out.splitlines()
    assert header.split("|")[1:-1] == [f" {name} " for name in COST_COLUMNS]
    assert rule == "| --- | --- | --- | --- | ---: | ---: | ---: |"
    assert row == r"| A1.1 | level | s | a \[−1, +1\] | 10 | 26 | 0.1 |"
    print_rows(COST_COLUMNS, [], NOTHING_OPEN, WORD_COLUMNS, markdown=False, as_json=False)
    assert capsys.readouterr().out == "No aspect is inconclusive.\n"
    print_rows(COST_COLUMNS, [], NOTHING_OPEN, WORD_COLUMNS, markdown=False, as_json=True)
    assert capsys.readouterr().out == "[]\n"


def test_what_has_changed_since(
    judgements: tuple[Judgement, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first = next(one for one in judgements if one.claim.id == "A0.2")
    others = [one for one in judgements if one is not first]
    of_others = [one.outcome.verdict for one in others if one.claim is first.claim]
    refuted = replace(first, outcome=replace(first.outcome, verdict=Verdict.REFUTED))

    def told(then: Sequence[Judgement], now: Sequence[Judgement]) -> list[str]:
        path = tmp_path / "earlier.csv"
        print_claims(then, Wanted(), path)
        capsys.readouterr()
        print_changes(now, path, markdown=True, as_json=False)
        return capsys.readouterr().out.splitlines()[2:]

    assert told(judgements, judgements) == []
    before, now = together([Verdict.REFUTED, *of_others]), together([Verdict.OPEN, *of_others])
    (line,) = told([refuted, *others], judgements)
    said = f"{first.aspect.capitalize()}: refuted, now open."
    assert line.startswith(f"| {first.claim.id} | {before.word} | {now.word} | {said}")
    (line,) = told([refuted, *others], others)
    assert "| One aspect is tested no more." in line
    (line,) = told([one for one in others if one.claim is not first.claim], [refuted, *others])
    assert line.startswith(f"| {first.claim.id} | no entry | {before.word} | One aspect is tested")


def test_a_change_that_begins_with_a_layer_s_name_keeps_its_small_letter(
    judgements: tuple[Judgement, ...], tmp_path: Path
) -> None:
    first = next(one for one in judgements if one.test)
    assert first.test is not None
    now = replace(first, test=first.test.model_copy(update={"aspect": "fc3"}))
    then = replace(now, outcome=replace(now.outcome, verdict=Verdict.REFUTED))
    claims_table([then]).to_csv(tmp_path / "earlier.csv")
    ((_, _, _, said),) = changes_since(tmp_path / "earlier.csv", [now])
    assert said.startswith(f"fc3: refuted, now {now.outcome.verdict.word}.")


@pytest.mark.parametrize(
    "text", ["", "claim,verdict\nA0.1,OPEN\n", "claim,aspect,verdict\nA0.1,level,YES\n"]
)
def test_what_is_no_table_of_verdicts(text: str, tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(text, encoding="utf-8")
    for wrong in (path, tmp_path / "none.csv", tmp_path):
        with pytest.raises(BnbenchError, match="is no table of verdicts; bnbench claims --csv"):
            changes_since(wrong, ())


def test_what_is_exact_needs_no_run(tmp_path: Path) -> None:
    done = invoke("claims", "a0.14", "--results", tmp_path)
    assert done.exit_code == 0
    assert done.stdout.count(" SUPPORTED ") == 2
    assert isinstance(invoke("claims", "A0.1", "--results", tmp_path).exception, BnbenchError)
