"""The verdicts as a table: one row for each aspect of each claim, for ``verdicts.csv``."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bnbench.claims.judging import REPRODUCED, Judgement


def claims_table(judgements: Sequence[Judgement]) -> pd.DataFrame:
    """Tabulate judgements, one row each, in their order.

    Returns
    -------
    DataFrame
        Columns ``claim, article, text, claimed, aspect, verdict, how, reproduced, numbers, study,
        n, subject, metric, rule``; `subject` is the contrast, the arm or the check. Text that does
        not apply is empty.
    """
    return pd.DataFrame([_row(judgement) for judgement in judgements], columns=list(_COLUMNS))


def _row(judgement: Judgement) -> dict[str, str | int]:
    claim, test = judgement.claim, judgement.test
    names = test.names if test else {}
    return {
        "claim": claim.id,
        "article": claim.article,
        "text": claim.claim,
        "claimed": claim.claimed,
        "aspect": judgement.aspect,
        "verdict": judgement.verdict.value,
        "how": judgement.how,
        "reproduced": REPRODUCED[judgement.reproduced],
        "numbers": judgement.numbers,
        "study": judgement.study,
        "n": judgement.n,
        "subject": next((names[key] for key in SUBJECTS if key in names), ""),
        "metric": names.get("metric", ""),
        "rule": test.rule if test else "",
    }


SUBJECTS = ("contrast", "arm", "check")
_COLUMNS = (
    "claim", "article", "text", "claimed", "aspect", "verdict", "how", "reproduced", "numbers",
    "study", "n", "subject", "metric", "rule",
)  # fmt: skip
