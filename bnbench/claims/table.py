"""The verdicts as a table: one row for each aspect of each claim, for ``verdicts.csv``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bnbench.claims.judging import Judgement, overall_verdicts
from bnbench.claims.verdict import REPRODUCED
from bnbench.findings.columns import Column, frame

if TYPE_CHECKING:
    import pandas as pd


def claims_table(judgements: Sequence[Judgement], every: Sequence[Judgement] = ()) -> pd.DataFrame:
    """Tabulate judgements, one row each, in their order; text that does not apply is empty.

    Parameters
    ----------
    every : sequence of Judgement, optional
        All aspects of their claims, on which the verdicts on whole claims rest; by default
        `judgements` are all.
    """
    table = frame(COLUMNS, judgements)
    whole = overall_verdicts(every or judgements)
    words = [whole[judgement.claim.id].value for judgement in judgements]
    table.insert(1 + table.columns.tolist().index("verdict"), "claim_verdict", words)
    return table


def _named(*keys: str) -> Callable[[Judgement, str], str]:
    """The first of several names that a test has."""

    def name(judgement: Judgement, _: str) -> str:
        names = judgement.test.names if judgement.test else {}
        return next((names[key] for key in keys if key in names), "")

    return name


def _number(key: str) -> Callable[[Judgement, str], float | None]:
    """A number that a test's rule is given, where it is given one."""
    return lambda judgement, _: getattr(judgement.test, key, None)


COLUMNS = (
    Column("claim", "claim.id"),
    Column("article", "claim.article"),
    Column("text", "claim.claim"),
    Column("claimed", "claim.claimed"),
    Column("aspect", "aspect"),
    Column("verdict", "outcome.verdict.value"),
    Column("how", "outcome.how"),
    Column("reproduced", "outcome", lambda outcome, _: REPRODUCED[outcome.reproduced]),
    Column("numbers", "numbers"),
    Column("study", "study"),
    Column("n", "outcome.n"),
    Column("subject", "", _named("contrast", "arm", "check")),
    Column("metric", "", _named("metric")),
    Column("rule", "", lambda judgement, _: judgement.test.rule if judgement.test else ""),
    *(Column(key, "", _number(key)) for key in ("number", "rounding", "smallest_effect")),
)
