"""What a study asks, as tests of its contrasts; what it cannot ask is refused with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.claims import RULES, check_questions, part_tests
from bnbench.config import Study, load_study
from bnbench.errors import BnbenchError

STUDY = """\
study: first
question: Does it help?
experiments:
  plain: {{config: {root}/configs/lenet5.yaml, grid: {{model.dropout: [0.0, 0.5]}}}}
  batch_norm: {{config: {root}/configs/lenet5_batchnorm.yaml, grid: {{model.dropout: [0.0, 0.5]}}}}
contrasts:
  lead: {{treatment: batch_norm, baseline: plain, metrics: [test_accuracy, diverged]}}
  best: {{treatment: batch_norm, baseline: plain, tuning_seeds: 3, metrics: [test_accuracy]}}
"""

Ask = Callable[..., Study]


@pytest.fixture
def ask(root: Path, tmp_path: Path) -> Ask:
    def make(*lines: str) -> Study:
        path = tmp_path / "first.yaml"
        asks = "".join(f"  - {{says: so, {line}}}\n" for line in lines)
        path.write_text(STUDY.format(root=root) + (f"answered_by:\n{asks}" if asks else ""))
        return load_study(path)

    return make


def test_a_sweep_is_asked_at_every_point_and_metric(ask: Ask) -> None:
    study = ask("contrasts: [lead, best], metrics: [test_accuracy], yes: higher")
    ((tests),) = part_tests(study).values()
    assert [(test.names["contrast"], test.names["metric"], test.rule) for test in tests] == [
        ("lead@0", "test_accuracy", "higher"),
        ("lead@0.5", "test_accuracy", "higher"),
        ("best", "test_accuracy", "higher"),
    ]
    check_questions([study])


def test_by_default_each_contrast_is_asked_whether_it_differs(ask: Ask) -> None:
    ((part, tests),) = part_tests(ask()).items()
    assert (part.says, part.yes, part.metrics) == ("lead", "different", ("test_accuracy",))
    assert len(tests) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "contrasts: [leed], metrics: [test_accuracy], yes: higher",
            ".contrasts: there is no contrast",
        ),
        ("contrasts: [lead], metrics: [train_loss@1], yes: lower", ".metrics: there is no metric"),
        (
            "contrasts: [lead], metrics: [diverged], yes: higher",
            ".metrics: ",
        ),
        ("contrasts: [lead], metrics: [test_accuracy], yes: hihger", ".yes: there is no rule"),
        ("contrasts: [lead], yes: higher", ": the rule 'higher' needs a `metric`"),
        ("contrasts: [lead], yes: larger", ".contrasts: there is no contrast"),
    ],
)
def test_what_cannot_be_asked_is_refused(ask: Ask, line: str, words: str) -> None:
    study = ask("contrasts: [best], yes: larger", line)
    with pytest.raises(BnbenchError) as error:
        check_questions([study])
    path = Path(study.path)
    place, _, said = str(error.value).partition(": ")
    assert said.startswith(f"answered_by.1{words}")
    number, column = map(int, place.removeprefix(f"{path}:").split(":"))
    key = words.partition(":")[0].lstrip(".")
    assert path.read_text("utf-8").splitlines()[number - 1][column - 1 :].startswith(key or "{says")
    path.unlink()  # nothing but the place is lost
    with pytest.raises(BnbenchError, match=f"^{path}: answered_by"):
        check_questions([study])


@pytest.mark.parametrize("line", ["yes: higher", "contrasts: [lead], yes: reproduced"])
def test_only_published_accuracies_are_asked_for_without_a_contrast(ask: Ask, line: str) -> None:
    with pytest.raises(BnbenchError, match="must name `contrasts`, or else ask `yes: reproduced`"):
        ask(line)


def test_four_parts_are_too_many(ask: Ask) -> None:
    with pytest.raises(BnbenchError, match=r"answered_by: .*3"):
        ask(*["contrasts: [best], yes: larger"] * 4)


def test_every_study_asks_what_it_measures(
    studies: dict[str, Study], small_studies: list[Study]
) -> None:
    check_questions(studies.values())
    assert all(study.answered_by for study in studies.values())
    for study in small_studies:
        known = {one.name for one in study.contrasts} | {one.name for one in study.best}
        known |= {one.name for one in study.changes}
        tests = [test for tests in part_tests(study).values() for test in tests]
        assert {test.names["contrast"] for test in tests} <= known
        assert {test.rule for test in tests} <= set(RULES)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("metric: test_accuracy, yes: higher, corrected: leed", "corrected: there is no contrast"),
        ("metric: loss, yes: higher, published: lead@0", "metric: there is no metric"),
        ("metric: test_accuracy, yes: hihger, corrected: lead@0", "yes: there is no rule"),
    ],
)
def test_a_brief_question_names_what_there_is(ask: Ask, line: str, words: str) -> None:
    path = Path(ask().path)
    with path.open("a") as file:
        file.write(f'brief:\n  - {{question: "Does it help?", {line}}}\n')
    with pytest.raises(BnbenchError) as error:
        check_questions([load_study(path)])
    assert re.match(rf"{path}:10:\d+: brief\.0\.{words}", str(error.value))


def test_a_brief_question_has_eight_words_at_most(ask: Ask) -> None:
    path = Path(ask().path)
    with path.open("a") as file:
        file.write("brief: [{question: a b c d e f g h i, metric: test_accuracy, yes: higher}]\n")
    with pytest.raises(BnbenchError, match="question"):
        load_study(path)
