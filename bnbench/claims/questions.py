"""A study's question in parts, each asked of its findings by a rule of claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bnbench.claims.references import reference_problems
from bnbench.claims.rules import RULES, ClaimTest
from bnbench.claims.schema import ANY_TEST, Place
from bnbench.config import Study
from bnbench.config.marks import read_yaml
from bnbench.config.places import place_of
from bnbench.config.study_schema import BriefQuestion, QuestionPart
from bnbench.errors import BnbenchError
from bnbench.registry import unknown
from bnbench.words import spoken


def part_tests(study: Study) -> dict[QuestionPart, tuple[ClaimTest, ...]]:
    """Write each part of a study's question as tests, one a contrast and metric.

    A sweep's name gives a test at each of its points. A part that asks for the published
    accuracies has none. A study without parts is asked whether its contrasts differ.
    """
    parts = study.answered_by or tuple(_by_default(study))
    return {part: tuple(_tests(study, part, place)) for place, part in enumerate(parts)}


def brief_tests(study: Study) -> dict[BriefQuestion, dict[str, ClaimTest]]:
    """Write each brief question as tests, by the recipe that is asked: published, corrected."""
    return {
        row: {
            recipe: _test(
                {"aspect": row.question, "study": study.name, "contrast": contrast,
                 "metric": row.metric, "rule": row.yes},
                _place(study, f"brief.{position}", {"rule": "yes", "contrast": recipe}),
            )
            for recipe, contrast in (("published", row.published), ("corrected", row.corrected))
            if contrast
        }
        for position, row in enumerate(study.brief)
    }  # fmt: skip


def questions(study: Study) -> tuple[ClaimTest, ...]:
    """List what a study has to decide: its brief questions, or else the parts of its question."""
    brief = tuple(test for by_recipe in brief_tests(study).values() for test in by_recipe.values())
    return brief or tuple(test for tests in part_tests(study).values() for test in tests)


def check_questions(studies: Iterable[Study]) -> None:
    """Check every name and rule of studies' questions; the studies are given in full."""
    problems = [problem for study in studies for problem in _problems(study)]
    if problems:
        raise BnbenchError(*dict.fromkeys(problems))


PARTS = {"rule": "yes", "metric": "metrics", "contrast": "contrasts"}
"""Keys of a test -> those of a part of a question that they come from."""


def _place(study: Study, part: str, keys: dict[str, str]) -> Place:
    """Say where the keys of a test stand in the study's file, under the names they have there."""

    def place(key: str) -> str:
        full = ".".join(filter(None, (part, keys.get(key, key))))
        return place_of(_places(study.path), full, study.path)

    return place


def _places(path: str) -> Mapping[str, str]:
    """Read where the keys of a study's file stand; a mistake is said without it, too."""
    with suppress(BnbenchError):
        return read_yaml(Path(path))[1]
    return {}


def _test(values: dict[str, Any], place: Place) -> ClaimTest:
    try:
        return ANY_TEST.validate_python(values)
    except ValidationError as error:
        raise BnbenchError(*_refused(error, values["rule"], place)) from None


def _refused(error: ValidationError, rule: str, place: Place) -> Iterator[str]:
    """Say what a rule does not take, or lacks."""
    for detail in error.errors():
        if detail["type"] == "union_tag_invalid":
            yield str(unknown("rule", rule, RULES, place("rule")))
            continue
        key = str(detail["loc"][-1])
        if detail["type"] == "missing":
            yield f"{place('')}: the rule {rule!r} needs a `{key}`"
        elif detail["type"] == "extra_forbidden":
            yield f"{place(key)}: the rule {rule!r} takes no {key}; leave it out"
        else:
            yield f"{place(key)}: {detail['msg']}"


def _tests(study: Study, part: QuestionPart, position: int) -> Iterator[ClaimTest]:
    place = _place(study, f"answered_by.{position}", PARTS)
    for name in part.contrasts:
        points = [planned.name for planned in study.planned if planned.group == name]
        for contrast in points or [name]:
            for metric in part.metrics or (None,):
                values = {"aspect": part.says, "study": study.name, "contrast": contrast,
                          "metric": metric, "rule": part.yes}  # fmt: skip
                yield _test({key: value for key, value in values.items() if value}, place)


def _by_default(study: Study) -> Iterator[QuestionPart]:
    """Ask of the first three groups of contrasts whether their first metric differs."""
    first = {contrast.group: contrast.metrics[0] for contrast in reversed(study.planned)}
    levels = [name for name, metric in first.items() if metric.quantity.kind == "level"]
    for name in levels[:-4:-1]:
        yield QuestionPart(
            says=spoken(name),
            contrasts=(name,),
            metrics=(first[name].text,),
            yes="different",
        )


def _problems(study: Study) -> Iterator[str]:
    """List the names that a study's questions use and that it does not have."""
    studies = {study.name: study}
    try:
        parts, brief = part_tests(study), brief_tests(study)
    except BnbenchError as error:
        yield from error.problems
        return
    for position, tests in enumerate(parts.values()):
        place = _place(study, f"answered_by.{position}", PARTS)
        for test in tests:
            yield from map(str, reference_problems(test, place, studies))
    for position, by_recipe in enumerate(brief.values()):
        for recipe, test in by_recipe.items():
            place = _place(study, f"brief.{position}", {"contrast": recipe})
            yield from map(str, reference_problems(test, place, studies))
