"""The verdicts, and what a rule gives back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What the runs say of a claim.

    ``NOT TESTABLE``: no run of this project can say anything. ``OPEN``: one could, but it has
    not been made, or the experiment does not exist yet. ``MIXED`` is of a whole claim only: some
    of its aspects are supported and others refuted.
    """

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_TESTABLE = "NOT TESTABLE"
    OPEN = "OPEN"
    MIXED = "MIXED"


ASPECT_VERDICTS = tuple(verdict for verdict in Verdict if verdict is not Verdict.MIXED)
"""What one aspect can have."""


@dataclass(frozen=True)
class Outcome:
    """What one rule says of one finding.

    Attributes
    ----------
    verdict : Verdict
    n : int
        Seeds behind it.
    estimate : str
        What was found, with its interval where it has one: ``+0.59 pp [+0.47, +0.71]``.
    rest : str
        What else it rests on, to follow the estimate: ``, n = 10``.
    how : str
        What the verdict alone leaves open: ``the other way round``, ``equivalent within 0.10 pp``;
        of an inconclusive one ``too few seeds``, or that the adjusted p alone holds it back.
    reproduced : bool or None
        Of a published number; ``None`` where the rule is of no such number.
    """

    verdict: Verdict
    n: int
    estimate: str
    rest: str = ""
    how: str = ""
    reproduced: bool | None = None

    @property
    def numbers(self) -> str:
        """All of it in one plain line: ``+0.59 pp [+0.47, +0.71], n = 10``."""
        return self.estimate + self.rest
