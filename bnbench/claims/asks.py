"""A study's question in parts, each asked of its findings by a rule of claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bnbench.claims.reading import test_problems
from bnbench.claims.references import reference_problems
from bnbench.claims.schema import Claim, ClaimTest
from bnbench.config import Study
from bnbench.config.study_schema import StudyAsk
from bnbench.errors import BnbenchError


def asked(study: Study) -> dict[StudyAsk, tuple[ClaimTest, ...]]:
    """Write each part of a study's question as tests, one a contrast and metric.

    A sweep's name gives a test at each of its points. A part that asks for the published
    accuracies has none. A study without parts is asked whether its contrasts differ.
    """
    asks = study.asks or tuple(_by_default(study))
    return {ask: tuple(_tests(study, ask)) for ask in asks}


def check_asks(studies: Iterable[Study]) -> None:
    """Check every name and rule of studies' questions; the studies are given in full.

    Raises
    ------
    BnbenchError
        With one line a problem.
    """
    problems = [problem for study in studies for problem in _problems(study)]
    if problems:
        raise BnbenchError("\n".join(dict.fromkeys(problems)))


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
    for position, (ask, tests) in enumerate(asked(study).items()):
        key = f"asks.{position}"
        claim = Claim(id=study.name, article=study.name, claim=ask.says, claimed=ask.yes, needs="?")
        claim._places[""] = study.path
        for test in tests:
            problems = [*test_problems(claim, test, key)]
            problems = problems or [*reference_problems(claim, test, key, {study.name: study})]
            yield from (_as_asked(str(problem), key) for problem in problems)


def _as_asked(problem: str, key: str) -> str:
    """Name the keys of a test as a question has them."""
    for of_test, of_ask in (("rule", "yes"), ("metric", "metrics"), ("contrast", "contrasts")):
        problem = problem.replace(f"{key}.{of_test}:", f"{key}.{of_ask}:")
    return problem
