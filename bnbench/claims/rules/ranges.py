"""The rules of the range of a grid in which each side is usable, seed by seed.

The grid's own points are all that these rules can resolve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from statistics import fmean, stdev
from typing import ClassVar, Literal

from bnbench.claims.rules.deciding import (
    ALPHA,
    Needs,
    concluded,
    enough_seeds,
    n_for_signs,
    needed_text,
    too_few,
)
from bnbench.claims.rules.rule import ClaimTest, Text
from bnbench.claims.verdict import NOT_RUN, Outcome, Verdict, decide
from bnbench.config import Study
from bnbench.config.label import Label
from bnbench.findings.numbers import p_equals
from bnbench.findings.results import StudyFindings
from bnbench.statistics import equivalence_test, n_for_tost, pair_by_seed, sign_test_p
from bnbench.statistics.samples import FloatArray
from bnbench.words import spoken

MARGIN = math.log10(3)
"""Decades: the step of a usual grid. Nobody chooses a learning rate more finely."""


class Range(ClaimTest):
    """That the treatment's usable range is wider, or its largest usable point larger.

    A point of the grid is usable at a seed if its final validation accuracy is within 1 pp of the
    best of both sides at that seed. A range is measured in decades from end to end; a range without
    usable points is narrower than one with a single point. Seeds that chose the points take part.
    Decided by the exact sign test over the seeds, without equal ranges: supported where p < 0.05
    and the claim holds at more seeds, refuted where its reverse does. Also refuted where two
    one-sided t-tests of the differences in decades show equivalence within a factor of three.
    """

    rule: Literal["wider", "larger"]
    study: Text
    contrast: Text
    """A best against best."""

    of_best: ClassVar[bool] = True

    def judge(self, found: StudyFindings) -> Outcome:
        """Decide by the usable points of each side."""
        best = found.best_of(self.contrast)
        if best is None or not any(any(by_seed.values()) for by_seed in best.usable.values()):
            return NOT_RUN
        size, what, words = _SIZES[self.rule]
        what = what.format(_setting(found.study, best.treatment))
        steps = _steps(found.study, self.contrast)
        treatment, baseline = (
            {seed: size(_numbers(points)) for seed, points in best.usable[side].items()}
            for side in ("treatment", "baseline")
        )
        shared = treatment.keys() & baseline.keys()
        more = sum(treatment[seed] > baseline[seed] for seed in shared)
        less = sum(treatment[seed] < baseline[seed] for seed in shared)
        n, p = len(shared), sign_test_p(more, less)
        differences = _differences(treatment, baseline) if enough_seeds(n) else None
        test = None if differences is None else equivalence_test(differences, margin=MARGIN)
        equivalent = test is not None and test.equivalent
        verdict = decide(supported=p < ALPHA and more > less, refuted=p < ALPHA or equivalent)
        counts = f"{words[0]} at {more} of {n} seeds, {words[1]} at {less}"
        how = words[1] if p < ALPHA else "equivalent within a factor of three"
        return concluded(
            verdict, n, f"{what}{steps} {counts}", f", sign test {p_equals(p)}",
            lambda: _needed(n, more, less, differences), {Verdict.REFUTED: how},
        )  # fmt: skip


def _setting(study: Study, label: str) -> str:
    """Name what the grid varies, where it is one thing."""
    keys = study.grid_keys.get(Label.parse(label).group, ())
    return spoken(keys[0].rpartition(".")[2]) if len(keys) == 1 else "setting"


def _steps(study: Study, contrast: str) -> str:
    """Say how far apart neighbours of the grid are; rates in between may be usable, too."""
    points = {study.arms[label].point for label in study.comparison(contrast).arms}
    values = sorted(_numbers([value for value, *others in points if not others]))
    ratios = sorted({_rounded(larger / smaller) for smaller, larger in pairwise(values)})
    if not ratios:
        return ""
    factors = f"{ratios[0]:g}" + f" to {ratios[-1]:g}" * (len(ratios) > 1)
    return f" (steps of a factor of {factors})"


def _rounded(ratio: float) -> float:
    """To a whole number: 0.003, 0.01 and 0.03 count as steps of 3; small ones to a tenth."""
    return round(ratio, 0 if ratio >= 2 else 1)


def _differences(
    treatment: Mapping[int, float], baseline: Mapping[int, float]
) -> FloatArray | None:
    """Of the ranges, in decades; none where a side has no usable point at a seed."""
    known = all(map(math.isfinite, chain(treatment.values(), baseline.values())))
    return pair_by_seed(treatment, baseline).differences if known else None


def _needed(n: int, more: int, less: int, differences: FloatArray | None) -> Needs:
    """How many seeds one of the two tests takes if the ranges stay as they are."""
    if not enough_seeds(n):
        return too_few(n)
    needed = n_for_signs(n, more, less)
    if differences is not None:
        mean, sd = fmean(differences), stdev(differences)
        needed = min(needed, max(n + 1, n_for_tost(margin=MARGIN, sd=sd, difference=mean)))
    return needed_text(n, needed, " if the ranges stay"), needed


def _numbers(points: Sequence[object]) -> list[float]:
    """Those of the points that a logarithm has: a weight decay of 0 is in no decade."""
    return [float(point) for point in points if isinstance(point, int | float) and point > 0]


def _largest(points: Sequence[float]) -> float:
    return math.log10(max(points)) if points else -math.inf


def _decades(points: Sequence[float]) -> float:
    return math.log10(max(points) / min(points)) if points else -math.inf


_SIZES = {
    "wider": (_decades, "usable range of the {}", ("wider", "narrower")),
    "larger": (_largest, "largest usable {}", ("higher", "lower")),
}
