"""The rule of what is exact: an identity, or a number of toy data, checked without training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bnbench.claims.rules.rule import ClaimTest, Text
from bnbench.claims.verdict import Outcome, decide
from bnbench.findings.numbers import minus


@dataclass(frozen=True)
class Check:
    """What a check measured, and what was claimed; see `bnbench.checks`.

    Attributes
    ----------
    of : str
        What was measured, in words: ``smallest value``.
    tolerance : float
        How far apart the two may be for the claim to hold; half the range where it names a range.
    why : str
        What explains the number, where it needs it.
    """

    of: str
    measured: float
    claimed: float
    tolerance: float = 0.0
    why: str = ""


class Exact(ClaimTest):
    """An exact claim: supported where the measured number is within the tolerance, else refuted.

    No seeds stand behind it, so it is never inconclusive.
    """

    rule: Literal["check"]
    check: Text
    """Name of one of `bnbench.checks`; it needs no study."""

    def decide(self, found: Check) -> Outcome:
        """Decide by what the check measured."""
        holds = abs(found.measured - found.claimed) <= found.tolerance
        text = f"{found.of}: {_shown(found.measured, found)}, claimed: {_claimed(found)}"
        why = (found.why,) if found.why else ()
        return Outcome(decide(supported=holds, refuted=not holds), 0, text, caveats=why)


def _claimed(found: Check) -> str:
    """Write the claimed number, or the range where the tolerance is a part of the claim."""
    if found.tolerance < 0.1 * abs(found.claimed) or not found.claimed:
        within = f" within {found.tolerance:g}" if found.tolerance else ""
        return f"{found.claimed:g}{within}"
    low, high = found.claimed - found.tolerance, found.claimed + found.tolerance
    return f"{low:g} to {high:g}"


def _shown(number: float, found: Check) -> str:
    """Round to the tolerance: what is beyond it differs from processor to processor."""
    if not found.tolerance:
        return f"{number:g}"
    places = max(2, -math.floor(math.log10(found.tolerance)))
    return minus(f"{round(number, places) + 0.0:g}")
