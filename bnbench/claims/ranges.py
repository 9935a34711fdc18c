"""Rules of the range of a grid in which each side is usable, seed by seed.

The grid's own points are all that these rules can resolve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.results import BestFinding
from bnbench.statistics import sign_test_p

ALPHA = 0.05


def wider(best: BestFinding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment's usable range is wider, in decades from end to end.

    By the exact sign test over the seeds: ``SUPPORTED`` where p < 0.05 and it is wider at more
    seeds, ``REFUTED`` where it is narrower at more, else ``INCONCLUSIVE``. Equal ranges are left
    out; no usable point is narrower than one.
    """
    return _outcome(best, _decades)


def larger(best: BestFinding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment's largest usable point is larger; decided as `wider` is."""
    return _outcome(best, lambda points: max(points, default=-math.inf))


def _decades(points: Sequence[float]) -> float:
    return math.log10(max(points) / min(points)) if points else -math.inf


def _outcome(best: BestFinding, size: Callable[[Sequence[float]], float]) -> Outcome:
    treatment, baseline = (_sizes(best, side, size) for side in ("treatment", "baseline"))
    shared = treatment.keys() & baseline.keys()
    more = sum(treatment[seed] > baseline[seed] for seed in shared)
    less = sum(treatment[seed] < baseline[seed] for seed in shared)
    p = sign_test_p(more, less)
    verdict = Verdict.INCONCLUSIVE
    if p < ALPHA:
        verdict = Verdict.SUPPORTED if more > less else Verdict.REFUTED
    n = len(shared)
    text = f"more at {more} and less at {less} of {n} seeds, sign test p = {p:.4f}"
    return Outcome(verdict, n, text)


def _sizes(
    best: BestFinding, side: str, size: Callable[[Sequence[float]], float]
) -> dict[int, float]:
    return {
        seed: size([float(point) for point in points if isinstance(point, int | float)])
        for seed, points in best.usable[side].items()
    }
