"""What claims ask of one study, as its registration writes it down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bnbench.claims.schema import Claim
from bnbench.config import Study
from bnbench.config.study import SMALL


def tests_of(study: Study, claims: Iterable[Claim]) -> dict[str, dict[str, Any]]:
    """List the tests that name a study, or whose small variant it is.

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
