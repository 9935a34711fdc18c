"""Claims from YAML files, checked as far as a file can be checked by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bnbench.claims.schema import Claim, ClaimFile
from bnbench.config import Study
from bnbench.config.loading import checked, read_mapping
from bnbench.errors import BnbenchError

ARTICLES = Path(__file__).parent / "articles"


def article_claims() -> tuple[Claim, ...]:
    """Load the claims of the five source articles."""
    return tuple(claim for path in sorted(ARTICLES.glob("*.yaml")) for claim in load_claims(path))


def load_claims(path: str | Path) -> tuple[Claim, ...]:
    """Load a file of claims.

    Refused are unknown rules, keys and metrics that a rule does not take, whatever else the schema
    does not allow, and an id that stands twice.
    """
    return _claims(*read_mapping(Path(path), "claims"), path)


def study_claims(study: Study) -> tuple[Claim, ...]:
    """Load a study's own claims, with the places at which its file has them."""
    if not study.claims:
        return ()
    values, places = read_mapping(Path(study.path), "study")
    return _claims({"claims": values.get("claims")}, places, study.path)


def _claims(values: dict[str, Any], places: dict[str, str], path: str | Path) -> tuple[Claim, ...]:
    claims = checked(ClaimFile, values, places, path).claims
    for position, claim in enumerate(claims):
        claim._places.update(places)
        claim._key = f"claims.{position}"
    if problems := [*repeated_ids(claims)]:
        raise BnbenchError(*problems)
    return claims


def repeated_ids(claims: tuple[Claim, ...]) -> Iterator[BnbenchError]:
    """Find the claims whose id another one has before them."""
    first: dict[str, Claim] = {}
    for claim in claims:
        if first.setdefault(claim.id, claim) is not claim:
            before = first[claim.id].place("id")
            yield BnbenchError(f"{claim.place('id')}: {claim.id!r} is also the id at {before}")
