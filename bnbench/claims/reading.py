"""Claims from YAML files, checked as far as a file can be checked by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bnbench.claims.rules import RULES, Rule
from bnbench.claims.schema import Claim, ClaimFile, ClaimTest, Place
from bnbench.config import Study, parse_metric
from bnbench.config.loading import checked, read_mapping
from bnbench.errors import BnbenchError
from bnbench.registry import unknown

ARTICLES = Path(__file__).parent / "articles"


def article_claims() -> tuple[Claim, ...]:
    """Load the claims of the five source articles."""
    return tuple(claim for path in sorted(ARTICLES.glob("*.yaml")) for claim in load_claims(path))


def load_claims(path: str | Path) -> tuple[Claim, ...]:
    """Load a file of claims.

    Raises
    ------
    BnbenchError
        With one line a problem: what the schema refuses, an unknown rule or metric, a metric or
        a number that does not suit its rule, an id that stands twice.
    """
    return _claims(*read_mapping(Path(path), "claims"), path)


def study_claims(study: Study) -> tuple[Claim, ...]:
    """Load a study's own claims, with the places at which its file has them.

    Raises
    ------
    BnbenchError
        As `load_claims`.
    """
    if not study.claims:
        return ()
    values, places = read_mapping(Path(study.path), "study")
    return _claims({"claims": values.get("claims")}, places, study.path)


def _claims(values: dict[str, Any], places: dict[str, str], path: str | Path) -> tuple[Claim, ...]:
    claims = checked(ClaimFile, values, places, path).claims
    for position, claim in enumerate(claims):
        claim._places.update(places)
        claim._key = f"claims.{position}"
    problems = [problem for claim in claims for problem in _claim_problems(claim)]
    problems += repeated_ids(claims)
    if problems:
        raise BnbenchError(*problems)
    return claims


def repeated_ids(claims: tuple[Claim, ...]) -> Iterator[BnbenchError]:
    """Find the claims whose id another one has before them."""
    first: dict[str, Claim] = {}
    for claim in claims:
        if first.setdefault(claim.id, claim) is not claim:
            there = first[claim.id].place("id")
            yield BnbenchError(f"{claim.place('id')}: {claim.id!r} is also the id at {there}")


def _claim_problems(claim: Claim) -> Iterator[BnbenchError]:
    for position, test in enumerate(claim.tests):
        yield from test_problems(test, claim.place_of_test(position))


def test_problems(test: ClaimTest, place: Place) -> Iterator[BnbenchError]:
    """Find what does not suit the test's rule."""
    if test.rule not in RULES:
        yield unknown("rule", test.rule, RULES, place("rule"))
        return
    for key, problem in _rule_problems(test, RULES[test.rule]):
        yield BnbenchError(f"{place(key)}: {problem}")


def _rule_problems(test: ClaimTest, rule: Rule) -> Iterator[tuple[str, str]]:
    """Name each key that does not suit the rule, and why; no key for one that is missing."""
    name = f"the rule {test.rule!r}"
    if (test.check is None) != (rule.of_check is None):
        yield "rule", "the rule 'check' and the key `check` go together"
        return
    if test.arm is not None and rule.of_level is None:
        yield "arm", f"{name} is of a `contrast`, not of an arm"
    if test.contrast is not None and rule.of_finding is None and rule.of_best is None:
        yield "contrast", f"{name} is of an `arm`, not of a contrast"
    if rule.needs_number and test.number is None:
        yield "", f"{name} needs a `number`"
    if test.number is not None and not rule.needs_number:
        yield "number", f"{name} takes no number; leave it out"
    if test.smallest_effect is not None and not rule.has_effect:
        yield "smallest_effect", f"{name} takes no smallest effect; leave it out"
    yield from _metric_problems(test, rule)


def _metric_problems(test: ClaimTest, rule: Rule) -> Iterator[tuple[str, str]]:
    name = f"the rule {test.rule!r}"
    if test.metric is None or rule.kind is None:
        if test.metric is not None:
            yield "metric", f"{name} takes no metric; leave it out"
        if rule.kind is not None:
            yield "", f"{name} needs a `metric`"
        return
    try:
        kind = parse_metric(test.metric).quantity.kind
    except BnbenchError as error:
        yield "metric", str(error)
        return
    if kind != rule.kind:
        yield "metric", f"{name} is of a {rule.kind}, and {test.metric} is a {kind}"
