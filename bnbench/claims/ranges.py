"""Rules of the range of a grid in which each side is usable, seed by seed.

The grid's own points are all that these rules can resolve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bnbench.claims.deciding import ALPHA, fewest_seeds, needed_text
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.numbers import p_equals
from bnbench.findings.results import BestFinding
from bnbench.statistics import sign_test_p


def wider(best: BestFinding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment's usable range is wider, in decades from end to end.

    By the exact sign test over the seeds: ``SUPPORTED`` where p < 0.05 and it is wider at more
    seeds, ``REFUTED`` where it is narrower at more, else ``INCONCLUSIVE``. Equal ranges are left
    out; no usable point is narrower than one.
    """
    return _outcome(best, _decades, "usable range", ("wider", "narrower"))


def larger(best: BestFinding, test: ClaimTest) -> Outcome:  # noqa: ARG001
    """Judge that the treatment's largest usable point is larger; decided as `wider` is."""
    return _outcome(best, _largest, "largest usable value", ("higher", "lower"))


def _largest(points: Sequence[float]) -> float:
    return max(points, default=-math.inf)


def _decades(points: Sequence[float]) -> float:
    return math.log10(max(points) / min(points)) if points else -math.inf


def _outcome(
    best: BestFinding, size: Callable[[Sequence[float]], float], what: str, words: tuple[str, str]
) -> Outcome:
    treatment, baseline = (_sizes(best, side, size) for side in ("treatment", "baseline"))
    shared = treatment.keys() & baseline.keys()
    more = sum(treatment[seed] > baseline[seed] for seed in shared)
    less = sum(treatment[seed] < baseline[seed] for seed in shared)
    p = sign_test_p(more, less)
    n, sign_test = len(shared), f", sign test {p_equals(p)}"
    counts = (
        f"{word} {_in_seeds(count, n)}" for word, count in zip(words, (more, less), strict=True)
    )
    text = f"{what} {', '.join(counts)}"
    if p >= ALPHA:
        return Outcome(Verdict.INCONCLUSIVE, n, text, sign_test + needed_text(n, fewest_seeds()))
    if more > less:
        return Outcome(Verdict.SUPPORTED, n, text, sign_test)
    return Outcome(Verdict.REFUTED, n, text, sign_test, words[1])


def _in_seeds(count: int, n: int) -> str:
    return f"in {count} of {n} seeds" if count else "in no seed"


def _sizes(
    best: BestFinding, side: str, size: Callable[[Sequence[float]], float]
) -> dict[int, float]:
    return {
        seed: size([float(point) for point in points if isinstance(point, int | float)])
        for seed, points in best.usable[side].items()
    }
