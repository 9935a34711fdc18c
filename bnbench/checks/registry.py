"""The checks by name. Every file in this folder is imported, so that it can register some."""

from __future__ import annotations

from collections.abc import Callable

from bnbench.claims import Check

Measure = Callable[[], Check]

CHECKS: dict[str, Measure] = {}


def exact(measure: Measure) -> Measure:
    """Enter a check under its function's name."""
    CHECKS[measure.__name__] = measure
    return measure
