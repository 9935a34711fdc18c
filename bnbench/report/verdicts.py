"""The verdicts on claims as a report shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bnbench.report.document import Table

ARTICLES = (
    "A0: O. Olu-Ipinlaye, Batch Normalization in Convolutional Neural Networks (Paperspace).",
    "A1: T. Madushanka, Batch Normalization in Neural Networks (Medium, 2024).",
    "A2: CNNs Part 5: Batch Normalization.",
    "A3: an untitled note on batch norm in convolutional networks.",
    "A4: Batch Normalization in Convolutional Neural Networks (Baeldung).",
)
ORDER = ("SUPPORTED", "REFUTED", "INCONCLUSIVE", "NOT TESTABLE", "OPEN")


@dataclass(frozen=True)
class VerdictRow:
    """One tested aspect of one claim, in words.

    Attributes
    ----------
    claim : str
        Its id.
    article : str
    statement : str
        The claim in this project's words.
    aspect : str
        Such as ``level`` or ``direction``.
    verdict : str
        One of `ORDER`.
    how : str
        What the verdict alone leaves open, such as ``the other way round``.
    numbers : str
        What it rests on, in one line.
    published : str
        The number or direction that was published.
    study : str
        Whose runs decide it, with ``_small`` where the small variant does; empty where none does.
    """

    claim: str
    article: str
    statement: str
    aspect: str
    verdict: str
    how: str
    numbers: str
    published: str
    study: str = ""


def verdict_table(verdicts: Sequence[VerdictRow]) -> Table:
    """Lay out all verdicts in the order given, each claim's words once above its rows."""
    header = ("aspect", "verdict", "what was measured")
    rows = tuple(
        (row.aspect, ": ".join(filter(None, [row.verdict, row.how])), row.numbers)
        for row in verdicts
    )
    titles = tuple(f"{row.claim} {row.statement} Published: {row.published}." for row in verdicts)
    return Table("Every claim, aspect by aspect", header, rows, len(header), titles)


def counted(verdicts: Sequence[VerdictRow]) -> str:
    """Count the verdicts, such as ``3 supported, 1 open``."""
    counts = Counter(row.verdict for row in verdicts)
    known = [*ORDER, *sorted(counts.keys() - set(ORDER))]
    return ", ".join(f"{counts[name]} {name.lower()}" for name in known if counts[name])
