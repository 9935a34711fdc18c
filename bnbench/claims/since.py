"""What has become of each claim since an earlier table of verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bnbench.claims.judging import Judgement
from bnbench.claims.verdict import Verdict, together
from bnbench.errors import BnbenchError
from bnbench.words import sentence

CHANGES = ("claim", "then", "now", "what has changed")
NO_ENTRY = "no entry"
UNTESTED = (Verdict.OPEN, Verdict.NOT_TESTABLE)

Aspects = Mapping[str, Verdict]
"""The verdict on each aspect of a claim."""


def changes_since(earlier: Path, judgements: Sequence[Judgement]) -> list[tuple[str, ...]]:
    """Compare verdicts with an earlier table of them, claim by claim.

    Parameters
    ----------
    earlier : Path
        A ``verdicts.csv``; of its columns, ``claim``, ``aspect`` and ``verdict``.
    judgements : sequence of Judgement
        All of now.

    Returns
    -------
    list of tuple of str
        The cells of `CHANGES`, a row a claim whose verdict, or one of whose aspects, is another.
    """
    before = _verdicts(earlier)
    claims = {judgement.claim.id: judgement.claim for judgement in judgements}
    rows: list[tuple[str, ...]] = []
    for name, claim in claims.items():
        now = {
            judgement.aspect: judgement.outcome.verdict
            for judgement in judgements
            if judgement.claim.id == name
        }
        then = before.get(name, {})
        if said := "; ".join(_changes(then, now)):
            why = sentence(said) + (f" {claim.chosen}" if claim.chosen else "")
            word = together(then.values()).word if then else NO_ENTRY
            rows.append((name, word, together(now.values()).word, why))
    return rows


def _verdicts(earlier: Path) -> dict[str, dict[str, Verdict]]:
    """Read claim -> aspect -> verdict."""
    import pandas as pd

    found: dict[str, dict[str, Verdict]] = {}
    try:
        table = pd.read_csv(earlier, dtype=str, keep_default_na=False)
        for claim, aspect, verdict in zip(
            table["claim"], table["aspect"], table["verdict"], strict=True
        ):
            found.setdefault(claim, {})[aspect] = Verdict(verdict)
    except (OSError, ValueError, KeyError, pd.errors.ParserError):
        raise BnbenchError(
            f"{earlier}: is no table of verdicts; bnbench claims --csv writes one"
        ) from None
    return found


def _changes(then: Aspects, now: Aspects) -> Iterator[str]:
    """Say which aspects have another verdict now, and how many are tested in one table alone."""
    for aspect, verdict in now.items():
        if (before := then.get(aspect, verdict)) != verdict:
            yield f"{aspect}: {before.word}, now {verdict.word}"
    for these, others, words in (
        (now, then, "tested for the first time"),
        (then, now, "tested no more"),
    ):
        tested = {aspect for aspect, verdict in these.items() if verdict not in UNTESTED}
        if count := len(tested - others.keys()):
            yield f"{'one aspect is' if count == 1 else f'{count} aspects are'} {words}"
