"""A study's question in parts, each asked of its findings by a rule of claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bnbench.claims.reading import test_problems
from bnbench.claims.references import reference_problems
from bnbench.claims.schema import ClaimTest
from bnbench.config import Study
from bnbench.config.study_schema import BriefQuestion, StudyAsk
from bnbench.errors import BnbenchError


def asked(study: Study) -> dict[StudyAsk, tuple[ClaimTest, ...]]:
    """Write each part of a study's question as tests, one a contrast and metric.

    A sweep's name gives a test at each of its points. A part that asks for the published
    accuracies has none. A study without parts is asked whether its contrasts differ.
    """
    asks = study.asks or tuple(_by_default(study))
    return {ask: tuple(_tests(study, ask)) for ask in asks}


def brief_tests(study: Study) -> dict[BriefQuestion, dict[str, ClaimTest]]:
    """Write each brief question as tests, by the recipe that is asked: published, corrected."""
    return {
        row: {
            recipe: ClaimTest(
                aspect=row.question, study=study.name, contrast=contrast, metric=row.metric,
                rule=row.yes,
            )
            for recipe, contrast in (("published", row.published), ("corrected", row.corrected))
            if contrast
        }
        for row in study.brief
    }  # fmt: skip


def questions(study: Study) -> tuple[ClaimTest, ...]:
    """List what a study has to decide: its brief questions, or else the parts of its question."""
    brief = tuple(test for by_recipe in brief_tests(study).values() for test in by_recipe.values())
    return brief or tuple(test for tests in asked(study).values() for test in tests)


def check_asks(studies: Iterable[Study]) -> None:
    """Check every name and rule of studies' questions; the studies are given in full.

    Raises
    ------
    BnbenchError
        With one line a problem.
    """
    problems = [problem for study in studies for problem in _problems(study)]
    if problems:
        raise BnbenchError(*dict.fromkeys(problems))


def _tests(study: Study, ask: StudyAsk) -> Iterator[ClaimTest]:
    planned = [
        *(one.name for one in study.contrasts),
        *(study.ladder.changes if study.ladder else ()),
    ]
    for name in ask.contrasts:
        for contrast in [one for one in planned if one.partition("@")[0] == name] or [name]:
            for metric in ask.metrics or (None,):
                yield ClaimTest(
                    aspect=ask.says, study=study.name, contrast=contrast, metric=metric,
                    rule=ask.yes,
                )  # fmt: skip


def _by_default(study: Study) -> Iterator[StudyAsk]:
    """Ask of the first three groups of contrasts whether their first metric differs."""
    first = {one.group: one.metrics[0] for one in reversed(study.contrasts)}
    if study.ladder:
        first["ladder"] = study.ladder.metrics[0]
    levels = [(name, one) for name, one in first.items() if one.quantity.kind == "level"]
    for name, metric in levels[:-4:-1]:
        yield StudyAsk(
            says=name.replace("_", " "), contrasts=(name,), metrics=(metric.text,), yes="different"
        )


def _problems(study: Study) -> Iterator[str]:
    for position, tests in enumerate(asked(study).values()):
        keys = {"rule": "yes", "metric": "metrics", "contrast": "contrasts"}
        for test in tests:
            yield from _problems_of(study, test, f"asks.{position}", keys)
    for position, by_recipe in enumerate(brief_tests(study).values()):
        for recipe, test in by_recipe.items():
            keys = {"rule": "yes", "contrast": recipe}
            yield from _problems_of(study, test, f"brief.{position}", keys)


def _problems_of(study: Study, test: ClaimTest, where: str, keys: dict[str, str]) -> Iterator[str]:
    """List what is wrong with a test, under the names that a question has for its keys."""

    def place(key: str) -> str:
        return f"{study.path}: {'.'.join(filter(None, (where, keys.get(key, key))))}"

    problems = [*test_problems(test, place)]
    yield from map(str, problems or reference_problems(test, place, {study.name: study}))
