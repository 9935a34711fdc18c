"""What studies at the limits of the rules are made of, and how often exact counts say they err."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy import stats

from benchmarks import refutations
from benchmarks.whole_studies import reference, without_effect
from bnbench.claims.verdict import Verdict
from bnbench.config.study_schema import Point
from bnbench.findings import findings_of


def supported(more: int, less: int) -> bool:
    return more > less and stats.binomtest(more, more + less).pvalue < 0.05


def refuted(more: int, less: int, seeds: int) -> bool:
    """By the reverse, or by the upper end of Clopper and Pearson's interval of 90 %."""
    most = stats.beta.ppf(0.95, more + 1, seeds - more) if more < seeds else 1
    return supported(less, more) or (not supported(more, less) and bool(most < 1 / 3))


def exactly(case: refutations.Failures, seeds: int) -> float:
    """Add up the chances of all counts that give the wrong answer."""
    shares = (case.treatment, case.baseline, 1 - case.treatment - case.baseline)
    wrong = 0.0
    for more, less in product(range(seeds + 1), repeat=2):
        if more + less <= seeds:
            chance = stats.multinomial.pmf((more, less, seeds - more - less), seeds, shares)
            of_support = case.wrong is Verdict.SUPPORTED
            given = supported(more, less) if of_support else refuted(more, less, seeds)
            wrong += float(chance) * given
    return wrong


def test_failures_are_judged_wrongly_as_often_as_the_counts_say() -> None:
    drawn: dict[str, list[bool]] = {}
    for answer in refutations.of_failures(np.random.default_rng(1)):
        drawn.setdefault(answer.asked, []).append(answer.given)
    cases = list(product(refutations.FAILURES, refutations.SEEDS))
    assert len(drawn) == len(cases)
    for given, (case, seeds) in zip(drawn.values(), cases, strict=True):
        assert len(given) == refutations.STUDIES
        expected = exactly(case, seeds)
        assert expected <= case.allowed
        error = math.sqrt(expected * (1 - expected) / len(given))
        assert np.mean(given) == pytest.approx(expected, abs=5 * error)


def numbers(points: Sequence[Point]) -> list[float]:
    return [float(point) for point in points if isinstance(point, int | float)]


def test_a_range_at_the_limit_is_wider_by_a_factor_of_three() -> None:
    runs = reference("learning_rate")
    found = findings_of(without_effect(runs, np.random.default_rng(0)))
    assert found.best
    for best in found.best:
        wider = refutations._wider(best)
        assert wider.usable["baseline"] == best.usable["baseline"]
        for seed, points in best.usable["treatment"].items():
            before, after = numbers(points), numbers(wider.usable["treatment"][seed])
            assert min(after) == min(before)
            assert max(after) == pytest.approx(3 * max(before))
    empty: dict[int, tuple[Point, ...]] = dict.fromkeys(range(10), ())
    none = replace(found.best[0], usable={"treatment": empty, "baseline": empty})
    assert refutations._wider(none) == none
    asked = [answer.asked for answer in refutations.of_ranges(found)]
    assert asked == ["wider, by a factor of three", "larger, by a factor of three"] * len(
        found.best
    )
