"""The verdicts as a table: one row for each aspect of each claim, for ``verdicts.csv``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from bnbench.claims.judging import REPRODUCED, Judgement


def claims_table(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """Tabulate judgements, one row each, in their order; text that does not apply is empty."""
    return pd.DataFrame(
        {name: [cell(judgement) for judgement in judgements] for name, cell in COLUMNS.items()}
    )


def _named(judgement: Judgement, *keys: str) -> str:
    """The first of several names that a test has."""
    names = judgement.test.names if judgement.test else {}
    return next((names[key] for key in keys if key in names), "")


COLUMNS: dict[str, Callable[[Judgement], str | int]] = {
    "claim": lambda judgement: judgement.claim.id,
    "article": lambda judgement: judgement.claim.article,
    "text": lambda judgement: judgement.claim.claim,
    "claimed": lambda judgement: judgement.claim.claimed,
    "aspect": lambda judgement: judgement.aspect,
    "verdict": lambda judgement: judgement.verdict.value,
    "how": lambda judgement: judgement.how,
    "reproduced": lambda judgement: REPRODUCED[judgement.reproduced],
    "numbers": lambda judgement: judgement.numbers,
    "study": lambda judgement: judgement.study,
    "n": lambda judgement: judgement.n,
    "subject": lambda judgement: _named(judgement, "contrast", "arm", "check"),
    "metric": lambda judgement: _named(judgement, "metric"),
    "rule": lambda judgement: judgement.test.rule if judgement.test else "",
}
