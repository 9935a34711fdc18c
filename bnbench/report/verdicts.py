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
    numbers: str
    published: str
    study: str = ""


def verdict_table(verdicts: Sequence[VerdictRow]) -> Table:
    """Lay out all verdicts in the order given."""
    header = ("claim", "verdict", "statement", "aspect", "published", "re-run")
    rows = tuple(
        (row.claim, row.verdict, row.statement, row.aspect, row.published, row.numbers)
        for row in verdicts
    )
    return Table("Every claim, aspect by aspect", header, rows, words=len(header))


def counted(verdicts: Sequence[VerdictRow]) -> str:
    """Count the verdicts, such as ``3 supported, 1 open``."""
    counts = Counter(row.verdict for row in verdicts)
    known = [*ORDER, *sorted(counts.keys() - set(ORDER))]
    return ", ".join(f"{counts[name]} {name.lower()}" for name in known if counts[name])
