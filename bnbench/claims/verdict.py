"""The five verdicts, and what a rule gives back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the runs say of a claim.

    ``NOT TESTABLE``: no run of this project can say anything. ``OPEN``: one could, but it has
    not been made, or the experiment does not exist yet.
    """

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_TESTABLE = "NOT TESTABLE"
    OPEN = "OPEN"


@dataclass(frozen=True)
class Outcome:
    """What one rule says of one finding.

    Attributes
    ----------
    verdict : Verdict
    n : int
        Seeds behind it.
    numbers : str
        In one plain line, such as ``+0.59 pp [0.47, 0.71], n = 10``.
    reproduced : bool or None
        Of a published number; ``None`` where the rule is of no such number.
    """

    verdict: Verdict
    n: int
    numbers: str
    reproduced: bool | None = None
