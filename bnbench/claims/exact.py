"""The rule of what is exact: an identity, or a number of toy data, checked without training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bnbench.claims.verdict import Outcome, Verdict


@dataclass(frozen=True)
class Check:
    """What a check measured, and what was claimed; see `bnbench.checks`.

    Attributes
    ----------
    of : str
        What was measured, in words: ``smallest value``.
    measured, claimed : float
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


def check(found: Check) -> Outcome:
    """Judge a claim by a check.

    ``SUPPORTED`` where the measured number is within the tolerance of the claimed one, ``REFUTED``
    else. No seeds stand behind it, so it is never inconclusive.
    """
    holds = abs(found.measured - found.claimed) <= found.tolerance
    verdict = Verdict.SUPPORTED if holds else Verdict.REFUTED
    text = f"{found.of}: {_shown(found.measured, found)}; claimed {_claimed(found)}"
    return Outcome(verdict, 0, text, f"; {found.why}" if found.why else "")


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
    return f"{round(number, places) + 0.0:g}".replace("-", "−")
