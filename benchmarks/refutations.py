"""How often claims of failures and of usable ranges are refuted though they are true.

Both rules have a limit of their own: a third of the seeds, a factor of three. A claim that is true
just there must rarely be refuted. Failures are counts, drawn at rates that are given; ranges are
those of the reference's runs, the treatment's made wider by a factor of three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from bnbench.claims.rules import RULES
from bnbench.claims.rules.divergence import RARE, Divergence
from bnbench.claims.verdict import Verdict
from bnbench.config import PlannedContrast, parse_metric
from bnbench.config.study_schema import Point
from bnbench.findings import Level, StudyFindings
from bnbench.findings.contrasts import compare_levels
from bnbench.findings.results import BestFinding

STUDIES = 10_000
SEEDS = (10, 30)
FAILED = parse_metric("diverged")
FACTOR = 3


class Answer(NamedTuple):
    """What was asked, which answer is wrong, how often it may be, and whether it was given."""

    asked: str
    wrong: str
    allowed: float
    given: bool


class Failures(NamedTuple):
    """Shares of the seeds at which one arm alone fails, and which answer is then wrong."""

    words: str
    treatment: float
    baseline: float
    wrong: Verdict
    allowed: float


FAILURES = (
    Failures("both fail at 1 run in 10", 0.1 * 0.9, 0.1 * 0.9, Verdict.SUPPORTED, 0.025),
    Failures("both fail at 1 run in 2", 0.5 * 0.5, 0.5 * 0.5, Verdict.SUPPORTED, 0.025),
    Failures("alone at 1 seed in 3, the other never", RARE, 0.0, Verdict.REFUTED, 0.05),
    Failures("alone at 1 seed in 3, the other at 1 in 6", RARE, 1 / 6, Verdict.REFUTED, 0.05),
)


def of_failures(rng: np.random.Generator) -> Iterator[Answer]:
    """Draw at how many seeds one arm alone fails, and judge that the treatment fails more often."""
    for case, seeds in product(FAILURES, SEEDS):
        shares = (case.treatment, case.baseline, 1 - case.treatment - case.baseline)
        asked = f"more_diverged, {case.words}, {seeds} seeds"
        for treatment, baseline, _ in rng.multinomial(seeds, shares, STUDIES).tolist():
            given = verdict_on_failures(seeds, treatment, baseline) is case.wrong
            yield Answer(asked, case.wrong.word, case.allowed, given)


@cache
def verdict_on_failures(seeds: int, treatment: int, baseline: int) -> Verdict:
    """Judge that the treatment fails more often, where each arm alone fails at so many seeds."""
    sides = (
        _failing(seeds, range(treatment)),
        _failing(seeds, range(treatment, treatment + baseline)),
    )
    planned = PlannedContrast("failures", "treatment", "baseline", (FAILED,), None, False)
    test = Divergence(
        aspect="-", rule="more_diverged", study="-", contrast="failures", metric=FAILED.text
    )
    return test.decide(compare_levels("-", planned, *sides, ())).verdict


def _failing(seeds: int, failed: range) -> Level:
    values = {seed: float(seed in failed) for seed in range(seeds)}
    return Level("arm", FAILED, values, tuple(failed))


def of_ranges(found: StudyFindings) -> Iterator[Answer]:
    """Make the treatment's ranges wider by the limit, and judge that they are wider, or higher."""
    raised = replace(found, best=tuple(map(_wider, found.best)))
    for best, rule in product(raised.best, ("wider", "larger")):
        keys = {"aspect": "-", "rule": rule, "study": found.study.name, "contrast": best.name}
        verdict = RULES[rule].model_validate(keys).judge(raised).verdict
        yield Answer(f"{rule}, by a factor of three", "refuted", 0.05, verdict is Verdict.REFUTED)


def _wider(best: BestFinding) -> BestFinding:
    ranges = {seed: _with_more(points) for seed, points in best.usable["treatment"].items()}
    return replace(best, usable=best.usable | {"treatment": ranges})


def _with_more(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Add a point that is three times the largest."""
    numbers = [float(point) for point in points if isinstance(point, int | float)]
    return (*points, FACTOR * max(numbers)) if numbers else points
