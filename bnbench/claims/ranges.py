"""Rules of the range of a grid in which each side is usable.

The range has no interval: it is judged on the grid's own points, chosen on the tuning seeds, so
that neighbouring points are what these rules can resolve.
"""

from __future__ import annotations

import math

from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.results import BestFinding


def wider(best: BestFinding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment's usable range is wider, in decades from end to end.

    ``SUPPORTED`` where it is, ``REFUTED`` where it is narrower, ``INCONCLUSIVE`` where both are
    as wide. No usable point is narrower than one.
    """
    treatment, baseline = _ranges(best)
    return _outcome(best, _decades(treatment), _decades(baseline))


def larger(best: BestFinding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment's largest usable point is larger; see `wider`."""
    treatment, baseline = _ranges(best)
    return _outcome(best, max(treatment, default=-math.inf), max(baseline, default=-math.inf))


def _ranges(best: BestFinding) -> list[list[float]]:
    return [
        [float(point) for point in best.usable[side] if isinstance(point, int | float)]
        for side in ("treatment", "baseline")
    ]


def _decades(points: list[float]) -> float:
    return math.log10(max(points) / min(points)) if points else -math.inf


def _outcome(best: BestFinding, treatment: float, baseline: float) -> Outcome:
    verdict = Verdict.INCONCLUSIVE
    if treatment != baseline:
        verdict = Verdict.SUPPORTED if treatment > baseline else Verdict.REFUTED
    ranges = " against ".join(map(_text, _ranges(best)))
    n = len(best.tuning_seeds)
    return Outcome(verdict, n, f"usable {ranges}, n = {n} tuning seeds, no interval")


def _text(points: list[float]) -> str:
    return f"{min(points):g} to {max(points):g}" if points else "nowhere"
