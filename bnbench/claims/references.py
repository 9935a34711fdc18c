"""What claims name of studies: checked before anything is judged, and written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bnbench.claims.reading import repeated_ids
from bnbench.claims.rules import ClaimTest
from bnbench.claims.schema import Claim, Place
from bnbench.config import Study
from bnbench.config.study import SMALL
from bnbench.errors import BnbenchError
from bnbench.registry import unknown


def check_claims(claims: Iterable[Claim], studies: Mapping[str, Study]) -> None:
    """Check every name that claims use against the studies, in full and not their small variants.

    Refused, with the nearest name, are an unknown study, contrast or arm, a metric that the study
    does not measure there, and an id that two claims have.

    Parameters
    ----------
    studies : mapping of str to Study
        By name; all that claims may name, whether they have been run or not.
    """
    claims = tuple(claims)
    problems = [
        problem
        for claim in claims
        for position, test in enumerate(claim.tests)
        for problem in reference_problems(test, claim.place_of_test(position), studies)
    ]
    problems += repeated_ids(claims)
    if problems:
        raise BnbenchError(*problems)


def reference_problems(
    test: ClaimTest, place: Place, studies: Mapping[str, Study]
) -> Iterator[BnbenchError]:
    """Find the names of a test that its study does not have."""
    if (study := test.names.get("study")) is None:
        return
    if study not in studies:
        yield unknown("study", study, studies, place("study"))
        return
    key = "arm" if "arm" in test.names else "contrast"
    name, metric = test.names[key], test.names.get("metric")
    measured = _measured(studies[study], key, best_only=test.of_best)
    if name not in measured:
        yield unknown(f"{key} in the study {study}", name, measured, place(key))
    elif metric is not None and metric not in measured[name]:
        of = f"metric of {name} in the study {study}"
        yield unknown(of, metric, measured[name], place("metric"))


def tests_of(study: Study, claims: Iterable[Claim]) -> dict[str, dict[str, Any]]:
    """List the tests that name a study, or whose small variant it is, for its registration.

    Returns
    -------
    dict of str to dict
        Claim and aspect, such as ``A0.4, direction`` -> the rule and what else it needs.
    """
    name = study.name.removesuffix(SMALL)
    return {
        f"{claim.id}, {test.aspect}": test.model_dump(mode="json", exclude_none=True)
        for claim in claims
        for test in claim.tests
        if test.names.get("study") == name
    }


def _measured(study: Study, key: str, *, best_only: bool) -> dict[str, set[str]]:
    """The metrics of each contrast; or of each arm, as far as contrasts measure them."""
    if key == "contrast":
        compared = study.best if best_only else study.compared
        return {each.name: {metric.text for metric in each.metrics} for each in compared}
    arms: dict[str, set[str]] = {label: set() for label in study.arms}
    for contrast in study.contrasts:
        for label in contrast.labels:
            arms[label] |= {metric.text for metric in contrast.metrics}
    return arms
