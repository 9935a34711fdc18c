"""Every rule on findings built for each outcome; the ends of intervals by hand."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from bnbench.claims import RULES, Outcome, Verdict
from bnbench.claims.rules.deciding import n_for_signs, needed_text
from bnbench.claims.rules.ranges import _steps
from bnbench.config import load_study
from bnbench.findings.results import BestFinding, Finding, Level, StudyFindings
from bnbench.statistics import any_time_interval
from tests.unit.claims.conftest import MakeBest, MakeFinding, MakeLevel, study_of

SUPPORTED, REFUTED, INCONCLUSIVE = Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE
INF, NAN = math.inf, math.nan

# Ten differences of mean m and standard deviation s: m + s * SHAPE, with sum 0 and sum of squares
# n - 1. The half width of their t interval is 2.262157 * s / sqrt(10) = 0.71536 s.
SHAPE = [sign * math.sqrt(0.9) for sign in (1, -1) * 5]


def sample(mean: float, sd: float) -> list[float]:
    return [mean + sd * unit for unit in SHAPE]


def judge(rule: str, of: Finding | Level | BestFinding, **fields: Any) -> Outcome:
    contrasts: Any = ()
    if isinstance(of, Level):
        fields |= {"arm": of.label, "metric": of.metric.text}
        contrasts = (SimpleNamespace(treatment=of, baseline=of, name="", metric=of.metric),)
    elif isinstance(of, BestFinding):
        fields |= {"contrast": of.name}
    else:
        fields |= {"contrast": of.name, "metric": of.metric.text}
        contrasts = (of,)
    best = (of,) if isinstance(of, BestFinding) else ()
    study = study_of((), best, any_time=fields.pop("any_time", False))
    test: Any = RULES[rule]
    outcome = test(aspect="aspect", study="study", rule=rule, **fields).judge(
        StudyFindings(study, contrasts, best, (), (), (), ())
    )
    assert isinstance(outcome, Outcome)
    return outcome


def by_each_rule(finding: Finding) -> tuple[Verdict, ...]:
    rules = ("higher", "lower", "different", "equivalent")
    return tuple(judge(rule, finding).verdict for rule in rules)


@pytest.mark.parametrize(
    ("mean", "sd", "higher", "lower", "different", "equivalent"),
    [
        # interval of the mean, and the 90 % one (half width 0.57968 sd), in pp; margin 0.1
        (0.005, 0.001, SUPPORTED, REFUTED, SUPPORTED, REFUTED),  # 0.43 ... 0.57
        (-0.005, 0.001, REFUTED, SUPPORTED, SUPPORTED, REFUTED),
        (0.0005, 0.0001, REFUTED, REFUTED, REFUTED, SUPPORTED),  # 0.04 ... 0.06: too small
        (0.0, 0.0001, REFUTED, REFUTED, REFUTED, SUPPORTED),
        (0.001, 0.01, INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE),  # -0.6 ... 0.8
        (0.0009, 0.001, INCONCLUSIVE, REFUTED, INCONCLUSIVE, INCONCLUSIVE),  # 0.02 ... 0.16
        (0.0, 0.0, REFUTED, REFUTED, REFUTED, SUPPORTED),  # the same in every run
    ],
)
def test_differences(
    make_finding: MakeFinding,
    mean: float,
    sd: float,
    higher: Verdict,
    lower: Verdict,
    different: Verdict,
    equivalent: Verdict,
) -> None:
    finding = make_finding(sample(mean, sd))
    assert by_each_rule(finding) == (higher, lower, different, equivalent)


def test_the_numbers_of_a_difference(make_finding: MakeFinding) -> None:
    # 0.59 +- 2.262157 * 0.1677 / sqrt(10) = 0.59 +- 0.12
    outcome = judge("higher", make_finding(sample(0.0059, 0.001677)))
    assert outcome == Outcome(SUPPORTED, 10, "+0.59 pp [+0.47, +0.71]", ", n = 10")
    assert outcome.numbers == "+0.59 pp [+0.47, +0.71], n = 10"


def test_an_inconclusive_difference_says_how_many_seeds_it_takes(make_finding: MakeFinding) -> None:
    # science: sd 0.15 pp and effect 0.1 pp take 26 pairs to find, TOST 28 to rule out
    needed = fewest(lambda n: power_to_rule_out(n, 0.1, 0.15, 0.0))
    outcome = judge("higher", make_finding(sample(0.0005, 0.0015)))
    assert outcome.numbers == (
        f"+0.05 pp [−0.06, +0.16], n = 10; deciding takes at least {max(needed, 26)} seeds"
        " for a difference as small as 0.10 pp"
    )


def fewest(power: Any) -> int:
    return 2 + bisect_left(range(2, 1000), 0.9, key=power)


def power_to_find(n: int, effect: float, sd: float, alpha: float = 0.05) -> float:
    """Of the two-sided t-test, by SciPy's noncentral t."""
    critical, shift = stats.t.ppf(1 - alpha / 2, n - 1), math.sqrt(n) * effect / sd
    return float(stats.nct.sf(critical, n - 1, shift) + stats.nct.cdf(-critical, n - 1, shift))


def power_to_rule_out(n: int, margin: float, sd: float, mean: float) -> float:
    """Of two one-sided tests, averaged over 2,000 quantiles of the deviation."""
    scales = np.sqrt(stats.chi2.ppf((np.arange(2_000) + 0.5) / 2_000, n - 1) / (n - 1))
    half, unit = stats.t.ppf(0.95, n - 1) * scales, math.sqrt(n) / sd
    below, above = (margin - mean) * unit - half, -(margin + mean) * unit + half
    return float(np.mean(np.maximum(stats.norm.cdf(below) - stats.norm.cdf(above), 0)))


def test_what_the_adjusted_p_holds_back_takes_the_seeds_of_its_own_level(
    make_finding: MakeFinding,
) -> None:
    """p is 0.01 and 0.06 adjusted: it has to fall below a sixth of 0.05."""
    mean, sd = 0.002, 0.0025
    finding = make_finding(sample(mean, sd), confirmatory=True, p_adjusted=0.06)
    outcome = judge("higher", finding)
    assert outcome.verdict is INCONCLUSIVE
    assert outcome.how == "the adjusted p is not below 0.05"
    assert judge("higher", replace(finding, p=0.055)).how == "p is not below 0.05"
    assert "it takes" not in outcome.numbers
    assert outcome.needed == fewest(lambda n: power_to_find(n, mean, sd, 0.05 / 6)) > 10
    plain = judge("higher", make_finding(sample(mean, 0.0001), confirmatory=True, p_adjusted=0.06))
    assert plain.needed == 11  # 2 in 2**n is below 0.05 / 6 from 8 on: one more than there are


def test_near_the_smallest_effect_it_takes_more_than_was_planned(
    make_finding: MakeFinding,
) -> None:
    """Enough seeds to find the effect, or none at all, but what was found lies between."""
    mean, sd = 0.0007, 0.0007
    outcome = judge("higher", make_finding(sample(mean, sd)))
    assert outcome.verdict is INCONCLUSIVE
    assert "it takes" not in outcome.numbers
    assert outcome.needed == fewest(lambda n: power_to_rule_out(n, 0.001, sd, mean)) > 10


@pytest.mark.parametrize(
    ("rule", "values", "needed"),
    [
        ("sooner", [1.0, 2.0, 3.0], 6),
        ("sooner", [1.0, 3.0] * 4, INF),  # as often sooner as later
        ("sooner", [1.0] * 8, None),
        ("higher", [0.5], 6),
    ],
)
def test_what_few_seeds_take(
    make_finding: MakeFinding, rule: str, values: list[float], needed: float | None
) -> None:
    metric = "epochs_to_accuracy@0.97" if rule == "sooner" else "validation_accuracy@last"
    finding = make_finding(treatment=values, baseline=[2.0] * len(values), metric=metric)
    assert judge(rule, finding).needed == needed


def test_the_seeds_of_a_threshold_are_those_of_a_mean_that_stays(make_level: MakeLevel) -> None:
    mean, sd, threshold = 0.9805, 0.002, 0.98
    outcome = judge("above", make_level(sample(mean, sd)), number=threshold)
    expected = fewest(lambda n: power_to_find(n, mean - threshold, sd))
    assert (outcome.verdict, outcome.needed) == (INCONCLUSIVE, expected)
    assert outcome.numbers.endswith(f"; deciding takes at least {expected} seeds if the mean stays")


def test_a_test_may_declare_its_own_smallest_effect(make_finding: MakeFinding) -> None:
    finding = make_finding(sample(0.0005, 0.0001))
    assert judge("higher", finding, smallest_effect=0.0001).verdict is SUPPORTED
    assert judge("higher", finding).verdict is REFUTED
    wide = make_finding(sample(0.0, 0.01))
    assert judge("equivalent", wide, smallest_effect=0.05).verdict is SUPPORTED


BEND = "surface_bend@last"
"""A metric without a unit, and therefore without a smallest effect unless one is declared."""


@pytest.mark.parametrize(
    ("mean", "sd", "higher", "lower", "different"),
    [
        (0.0005, 0.0001, SUPPORTED, REFUTED, SUPPORTED),  # however small
        (-0.0005, 0.0001, REFUTED, SUPPORTED, SUPPORTED),
        (0.0005, 0.001, INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE),  # -0.0002 ... 0.0012
        (0.0, 0.0001, INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE),  # nothing is too small to matter
        (0.0, 0.0, INCONCLUSIVE, INCONCLUSIVE, INCONCLUSIVE),
    ],
)
def test_without_a_smallest_effect_a_difference_is_held_against_zero(
    make_finding: MakeFinding,
    mean: float,
    sd: float,
    higher: Verdict,
    lower: Verdict,
    different: Verdict,
) -> None:
    finding = make_finding(sample(mean, sd), metric=BEND, smallest_effect=None)
    assert by_each_rule(finding) == (higher, lower, different, INCONCLUSIVE)
    assert judge("equivalent", finding).needed == INF
    assert judge("equivalent", finding).caveats == (
        "no smallest effect of interest was declared",
        "no number of seeds would decide",
    )


def test_without_a_smallest_effect_it_takes_the_seeds_that_find_the_mean(
    make_finding: MakeFinding,
) -> None:
    mean, sd = -0.3, 0.5
    finding = make_finding(sample(mean, sd), metric=BEND, smallest_effect=None)
    takes = fewest(lambda n: power_to_find(n, -mean, sd))
    outcome = judge("lower", finding)
    assert outcome.needed == takes > 10
    assert outcome.numbers == (
        "−0.30 [−0.66, +0.06], n = 10; no smallest effect of interest was declared;"
        f" deciding takes at least {takes} seeds if the mean stays"
    )
    few = judge("lower", make_finding([-0.3] * 5, metric=BEND, smallest_effect=None))
    assert few.caveats == ("deciding takes at least 6 seeds",)
    never = judge("lower", make_finding([0.0] * 10, metric=BEND, smallest_effect=None))
    assert never.caveats[1:] == ("no number of seeds would decide if the mean stays",)


def test_a_test_may_declare_what_its_contrast_does_not(make_finding: MakeFinding) -> None:
    finding = make_finding(sample(0.1, 0.01), metric=BEND, smallest_effect=None)
    assert judge("higher", finding).verdict is SUPPORTED
    assert judge("higher", finding, smallest_effect=0.2).how == "equivalent within 0.200"


def test_a_contrast_in_accuracy_has_a_smallest_effect_though_it_declares_none(
    make_finding: MakeFinding,
) -> None:
    for metric in ("validation_accuracy@last", "validation_loss@last", "saturation@last"):
        metric = f"C1.{metric}" if metric.startswith("saturation") else metric
        undeclared = make_finding(sample(0.0005, 0.0001), metric=metric, smallest_effect=None)
        assert undeclared == make_finding(sample(0.0005, 0.0001), metric=metric)
    for metric in (BEND, "train_trend", "F5.input_drift@all"):
        finding = make_finding(sample(0.0005, 0.0001), metric=metric, smallest_effect=None)
        assert (finding.smallest_effect, finding.equivalence) == (None, None)
        assert finding.contrast is not None
        assert math.isnan(finding.contrast.effect_of_interest)
        assert math.isnan(finding.contrast.n_needed)


def test_a_confirmatory_finding_decides_by_its_adjusted_p(make_finding: MakeFinding) -> None:
    differences = sample(0.005, 0.001)
    for p, verdict in ((0.049, SUPPORTED), (0.05, INCONCLUSIVE), (NAN, INCONCLUSIVE)):
        finding = make_finding(differences, confirmatory=True, p_adjusted=p)
        assert judge("higher", finding).verdict is verdict
        assert judge("lower", finding).verdict is (
            REFUTED if verdict is SUPPORTED else INCONCLUSIVE
        )
    finding = make_finding(differences, confirmatory=True, p_adjusted=0.0352)
    assert judge("higher", finding).numbers.endswith("n = 10, p = 0.035 (Holm)")
    finding = make_finding(differences, confirmatory=True, p_adjusted=0.0508)
    assert judge("higher", finding).numbers.endswith("(Holm)")
    assert judge("higher", finding).how.endswith("p is not below 0.05")
    same = make_finding(sample(0.0, 0.0001), confirmatory=True, p_adjusted=1.0)
    assert judge("higher", same).verdict is REFUTED  # equivalence is a hypothesis of its own


def test_a_verdict_on_a_difference_says_how(make_finding: MakeFinding) -> None:
    opposite, small = make_finding(sample(-0.005, 0.001)), make_finding(sample(0.0005, 0.0001))
    both = make_finding(sample(-0.0005, 0.0001))
    within = "equivalent within 0.10 pp"
    assert judge("higher", opposite).how == "the other way round"
    assert judge("higher", small).how == within
    assert judge("higher", both).how == f"the other way round and {within}"
    assert judge("lower", opposite).how == ""
    assert judge("equivalent", opposite).how == "at least 0.10 pp"
    assert judge("equivalent", both).how == within
    assert judge("higher", small, smallest_effect=0.002).how == "equivalent within 0.20 pp"


def test_a_verdict_on_a_number_or_a_time_says_how(
    make_finding: MakeFinding, make_level: MakeLevel, make_best: MakeBest
) -> None:
    level = make_level(sample(0.981, 0.001))  # one further run: 0.981 +- 0.0024
    assert judge("reproduced", level, number=0.982).why == "reproduced"
    assert judge("reproduced", level, number=0.99).why == "not reproduced"
    rounded = judge("reproduced", level, number=0.99, rounding=0.007)  # 0.9834 + 0.007
    assert rounded.why == "reproduced"
    assert rounded.numbers.startswith("99.00 % ± 0.70 pp published, 98.10 % here, n = 10; one")
    assert judge("above", level, number=0.99).how == "the other way round"
    assert judge("below", level, number=0.97).how == "the other way round"
    assert judge("above", level, number=0.97).how == ""
    later = make_finding(treatment=SLOW, baseline=FAST, metric=TO_97)
    assert judge("sooner", later).how == "later"
    diverged = make_finding(
        treatment=[0.0] * 6, baseline=[1.0] * 6, metric="diverged", diverged=((), range(6))
    )
    assert judge("more_diverged", diverged).how == "the other way round"
    best = make_best((0.1,), (0.01, 1.0))
    assert (judge("wider", best).how, judge("larger", best).how) == ("narrower", "lower")


@pytest.mark.parametrize("confirmatory", [True, False])
def test_a_finding_of_few_seeds_decides_nothing(
    make_finding: MakeFinding, confirmatory: bool
) -> None:
    finding = make_finding([0.005, 0.0051, 0.0049] * 2, confirmatory=confirmatory, p_adjusted=0.03)
    assert judge("higher", finding).verdict is SUPPORTED
    few = make_finding(
        [0.005, 0.0051, 0.0049, 0.005, 0.005], confirmatory=confirmatory, p_adjusted=0.03
    )
    for rule in ("higher", "lower", "different", "equivalent"):
        outcome = judge(rule, few)
        assert outcome.verdict is INCONCLUSIVE
        assert "at least 6 seeds" in outcome.caveats[0]
        assert outcome.how == "too few seeds"


@pytest.mark.parametrize("rule", ["higher", "lower", "different", "equivalent"])
def test_one_seed_decides_nothing(make_finding: MakeFinding, rule: str) -> None:
    outcome = judge(rule, make_finding([0.02]))
    takes = ("deciding takes at least 6 seeds",)
    assert outcome == Outcome(
        INCONCLUSIVE, 1, "+2.00 pp", ", n = 1", "too few seeds", caveats=takes
    )


@pytest.mark.parametrize(
    ("number", "verdict", "reproduced"),
    [(0.026, SUPPORTED, True), (0.03, SUPPORTED, True), (0.005, REFUTED, False)],
)
def test_a_published_difference(
    make_finding: MakeFinding, number: float, verdict: Verdict, reproduced: bool
) -> None:
    # +2.1, +2.6, +2.0 pp, each twice, predict +1.4 ... +3.0 (t = 2.570582, n = 6)
    finding = make_finding([0.021, 0.026, 0.020] * 2)
    outcome = judge("reproduced", finding, number=number)
    assert (outcome.verdict, outcome.reproduced) == (verdict, reproduced)
    half = 2.570582 * np.std([2.1, 2.6, 2.0] * 2, ddof=1) * math.sqrt(7 / 6)
    mean = 6.7 / 3
    assert outcome.numbers == (
        f"{100 * number:+.2f} pp published, {mean:+.2f} pp here, n = 6; one further pair of runs"
        f" would fall in [{mean - half:+.2f}, {mean + half:+.2f}] 95 times in 100"
    )


@pytest.mark.parametrize(
    ("values", "number", "verdict"),
    [
        ((0.950, 0.945, 0.952), 0.930, REFUTED),  # 0.9311 ... 0.9669 before the reading error
        ((0.983, 0.982, 0.983, 0.981, 0.983, 0.982), 0.981, SUPPORTED),
        ((0.983, 0.982, 0.983), 0.981, INCONCLUSIVE),  # inside, but what would not be
        ((0.983,), 0.981, INCONCLUSIVE),
    ],
)
def test_a_published_level(
    make_level: MakeLevel, values: Sequence[float], number: float, verdict: Verdict
) -> None:
    outcome = judge("reproduced", make_level(values), number=number)
    assert outcome.verdict is verdict
    assert outcome.reproduced is {SUPPORTED: True, REFUTED: False}.get(verdict)


def test_a_published_number_against_one_seed(make_finding: MakeFinding) -> None:
    outcome = judge("reproduced", make_finding([0.02]), number=0.03)
    assert outcome.verdict is INCONCLUSIVE
    assert outcome.numbers == (
        "+3.00 pp published, +2.00 pp here, n = 1; one seed predicts no interval"
    )


@pytest.mark.parametrize(
    ("mean", "above", "below"),
    [
        (0.99, SUPPORTED, REFUTED),
        (0.97, REFUTED, SUPPORTED),
        (0.9801, INCONCLUSIVE, INCONCLUSIVE),  # +- 0.0007
    ],
)
def test_thresholds(make_level: MakeLevel, mean: float, above: Verdict, below: Verdict) -> None:
    level = make_level(sample(mean, 0.001))
    assert judge("above", level, number=0.98).verdict is above
    assert judge("below", level, number=0.98).verdict is below


def test_the_numbers_of_a_threshold(make_level: MakeLevel) -> None:
    outcome = judge("above", make_level(sample(0.981, 0.001)), number=0.98)
    assert outcome.numbers == "98.10 % [98.03, 98.17], claimed: above 98.00 %, n = 10"
    tiny = judge("below", make_level(sample(0.00002, 1e-7)), number=4e-5)
    assert tiny.numbers == "0.00 % [0.00, 0.00], claimed: below 0.004 %, n = 10"
    trend = judge("above", make_level([0.9, 1.0, 0.95], "train_trend"), number=0.8)
    assert trend.numbers.startswith("0.950 tau [0.826, 1.074], claimed: above 0.800 tau")


def test_a_threshold_at_any_time_takes_the_wider_interval(make_level: MakeLevel) -> None:
    level = make_level(sample(0.981, 0.001))
    assert level.summary is not None
    ends = any_time_interval(list(level.values.values()))
    between = (level.summary.interval.low + ends.low) / 2  # outside Student's, inside the other
    assert judge("above", level, number=between).verdict is SUPPORTED
    undecided = judge("above", level, number=between, any_time=True)
    assert undecided.verdict is INCONCLUSIVE
    assert "; deciding takes at least" in undecided.numbers
    assert judge("above", level, number=ends.low - 1e-6, any_time=True).verdict is SUPPORTED


def test_a_mean_on_the_threshold_is_never_decided(make_level: MakeLevel) -> None:
    outcome = judge("above", make_level([0.5, 0.5]), number=0.5)
    assert outcome.verdict is INCONCLUSIVE
    assert outcome.numbers.endswith("; no number of seeds would decide if the mean stays")
    assert judge("above", make_level([0.9]), number=0.5).numbers.endswith("has no interval")


FAST, SLOW = (2.0, 2.1, 2.2, 2.1, 2.0, 2.1), (6.0, 6.1, 5.9, 6.0, 6.2, 6.1)
NEVER = (INF,) * 6
TO_97 = "epochs_to_accuracy@0.97"


@pytest.mark.parametrize(
    ("treatment", "baseline", "verdict"),
    [
        (FAST, SLOW, SUPPORTED),  # 6 : 0, p = 2 / 64
        (SLOW, FAST, REFUTED),
        (FAST, NEVER, SUPPORTED),
        (NEVER, FAST, REFUTED),
        (NEVER, NEVER, INCONCLUSIVE),
        (FAST, FAST, INCONCLUSIVE),
        ((*FAST[:5], 7.0), SLOW, INCONCLUSIVE),  # 5 : 1, p = 14 / 64
        ((2.0,) * 5 + (1.9,), (2.0,) * 6, INCONCLUSIVE),  # equal medians, one pair differs
        (FAST[:5], SLOW[:5], INCONCLUSIVE),  # no sign test of five can decide
        ((2.0,), (6.0,), INCONCLUSIVE),
    ],
)
def test_times(
    make_finding: MakeFinding,
    treatment: Sequence[float],
    baseline: Sequence[float],
    verdict: Verdict,
) -> None:
    finding = make_finding(treatment=treatment, baseline=baseline, metric=TO_97)
    assert judge("sooner", finding).verdict is verdict


def test_confirmatory_times_decide_by_the_adjusted_p(make_finding: MakeFinding) -> None:
    for p, verdict in ((0.04, SUPPORTED), (0.2, INCONCLUSIVE)):
        finding = make_finding(
            treatment=FAST, baseline=SLOW, metric=TO_97, confirmatory=True, p_adjusted=p
        )
        assert judge("sooner", finding).verdict is verdict


@pytest.mark.parametrize(
    ("seen", "verdict", "said"),
    [
        (
            (False, False),
            SUPPORTED,
            "3.00 [3.00, 3.00] times as fast (medians 2.00 and 6.00 epochs)",
        ),
        ((True, False), SUPPORTED, "at least 3.00 [3.00, 3.00] times as fast (medians 2.00"),
        ((False, True), SUPPORTED, "at most 3.00 [3.00, 3.00] times as fast (medians 2.00"),
        ((True, True), INCONCLUSIVE, "medians 2.00 and 6.00 epochs"),
    ],
)
def test_times_that_are_first_looks_are_bounds(
    make_finding: MakeFinding, seen: tuple[bool, bool], verdict: Verdict, said: str
) -> None:
    """An arm that is there when it is first evaluated may have been there sooner."""
    finding = make_finding(treatment=[2.0] * 6, baseline=[6.0] * 6, metric=TO_97)
    treatment, baseline = (
        replace(level, at_first_look=first)
        for level, first in zip((finding.treatment, finding.baseline), seen, strict=True)
    )
    outcome = judge("sooner", replace(finding, treatment=treatment, baseline=baseline))
    assert (outcome.verdict, outcome.estimate.startswith(said)) == (verdict, True)
    assert (outcome.how == "both had reached it at the first evaluation") is all(seen)
    assert outcome.needed == (INF if all(seen) else None)
    assert outcome.caveats == ("no number of seeds would decide",) * all(seen)


def test_beyond_never_there_is_no_bound(make_finding: MakeFinding) -> None:
    finding = make_finding(treatment=[2.0] * 6, baseline=NEVER, metric=TO_97)
    first = replace(finding, treatment=replace(finding.treatment, at_first_look=True))
    assert judge("sooner", first).estimate == judge("sooner", finding).estimate
    assert judge("sooner", first).estimate.startswith("∞ ")


def test_the_numbers_of_times(make_finding: MakeFinding) -> None:
    finding = make_finding(treatment=[2.0] * 6, baseline=[6.0] * 6, metric=TO_97)
    assert judge("sooner", finding).numbers == (
        "3.00 [3.00, 3.00] times as fast (medians 2.00 and 6.00 epochs), n = 6, sign test p = 0.031"
    )
    never = make_finding(treatment=[512.0], baseline=[INF], metric="steps_to_loss@0.2")
    assert judge("sooner", never).numbers == (
        "∞ times as fast (medians 512 steps and never), n = 1, sign test p = 1.0;"
        " deciding takes at least 6 seeds"
    )
    neither = make_finding(treatment=NEVER, baseline=NEVER, metric=TO_97)
    assert judge("sooner", neither).numbers == (
        "medians never and never, n = 6, sign test p = 1.0;"
        " no number of seeds would decide if the shares stay"
    )
    planned = replace(finding, adjusted_by="Holm", p_adjusted=0.0352)
    assert judge("sooner", planned).numbers.endswith(", n = 6, sign test p = 0.035 (Holm)")


@pytest.mark.parametrize(
    ("treatment", "baseline", "more", "fewer"),
    [
        (range(6), (), SUPPORTED, REFUTED),  # 6 : 0, p = 2 / 64
        ((), range(6), REFUTED, SUPPORTED),
        (range(5), (), INCONCLUSIVE, REFUTED),  # 5 : 0, p = 2 / 32; none of 10: (2/3)^10 = 0.017
        (range(10), range(10), REFUTED, REFUTED),
        ((), (), REFUTED, REFUTED),
        ((0,), (), INCONCLUSIVE, REFUTED),  # 1 of 10: (2/3)^10 + 10 (2/3)^9 / 3 = 0.10
    ],
)
def test_diverged_runs(
    make_finding: MakeFinding,
    treatment: Sequence[int],
    baseline: Sequence[int],
    more: Verdict,
    fewer: Verdict,
) -> None:
    finding = make_finding(
        treatment=[float(seed in treatment) for seed in range(10)],
        baseline=[float(seed in baseline) for seed in range(10)],
        metric="diverged",
        diverged=(treatment, baseline),
    )
    assert judge("more_diverged", finding).verdict is more
    assert judge("fewer_diverged", finding).verdict is fewer
    counts = f"{len(treatment)} against {len(baseline)} of 10 runs, sign test p = "
    assert judge("more_diverged", finding).numbers.startswith(counts)


@pytest.mark.parametrize(
    ("n", "any_time", "needed"),
    # (2/3)^7 = 0.059, (2/3)^8 = 0.039; at any time 12 seeds are the fewest, see its own test
    [(7, False, 8), (8, False, None), (8, True, 12), (11, True, 12), (12, True, None)],
)
def test_seeds_of_which_none_fails(
    make_finding: MakeFinding, n: int, any_time: bool, needed: float | None
) -> None:
    finding = make_finding(treatment=[0.0] * n, baseline=[0.0] * n, metric="diverged")
    found = judge("fewer_diverged", replace(finding, any_time=any_time))
    assert found.needed == needed
    assert found.verdict is (REFUTED if needed is None else INCONCLUSIVE)
    assert found.how == ("" if needed else f"rarely as claimed: at 0 of {n} seeds")
    assert found.caveats == ((f"deciding takes at least {needed} seeds",) if needed else ())


def test_runs_that_diverge_at_a_seed_that_is_not_shared_do_not_count(
    make_finding: MakeFinding,
) -> None:
    finding = make_finding(
        treatment={0: 0.0, 7: 1.0}, baseline={0: 0.0}, metric="diverged", diverged=((7,), ())
    )
    assert judge("more_diverged", finding).numbers == (
        "0 against 0 of 1 run, sign test p = 1.0; deciding takes at least 8 seeds"
    )


@pytest.mark.parametrize(
    ("treatment", "baseline", "wider", "larger"),
    [
        ((0.01, 0.1, 1.0), (0.01, 0.1), SUPPORTED, SUPPORTED),
        ((0.01, 0.1), (0.01, 0.1, 1.0), REFUTED, REFUTED),
        ((0.001, 0.01), (0.1, 1.0), REFUTED, REFUTED),  # a decade each
        ((0.01, 0.1, 1.0), (0.1, 1.0), SUPPORTED, REFUTED),
        ((0.0, 0.1), (0.0, 0.01, 0.1), REFUTED, REFUTED),  # 0 is in no decade
        ((0.1,), (), SUPPORTED, SUPPORTED),
    ],
)
def test_usable_ranges(
    make_best: MakeBest,
    treatment: Sequence[float],
    baseline: Sequence[float],
    wider: Verdict,
    larger: Verdict,
) -> None:
    best = make_best(treatment, baseline)
    assert judge("wider", best).verdict is wider
    assert judge("larger", best).verdict is larger


def test_the_numbers_of_a_range(make_best: MakeBest) -> None:
    assert judge("wider", make_best((0.01, 1.0), ())).numbers == (
        "usable range of the learning rate (steps of a factor of 10) wider at 6 of 6 seeds,"
        " narrower at 0, sign test p = 0.031"
    )


@pytest.mark.parametrize(
    ("study", "contrast", "steps"),
    [
        ("higher_rates", "best_all", " (steps of a factor of 2)"),
        ("learning_rate", "best_sgd_level", " (steps of a factor of 3 to 10)"),
        ("learning_rate", "best_adam_level", " (steps of a factor of 3)"),
    ],
)
def test_how_far_apart_the_rates_of_a_study_are(study: str, contrast: str, steps: str) -> None:
    """As they stand in its file: twice the one before, or 0.001, 0.01, 0.03 and so on."""
    assert _steps(load_study(study), contrast) == steps


def test_a_range_is_wider_only_where_the_seeds_agree(make_best: MakeBest) -> None:
    best = make_best((0.01, 1.0), (0.1, 1.0))
    best.usable["baseline"][5] = (0.001, 1.0)  # one seed of six against it: p = 14/64
    assert judge("wider", best).verdict is INCONCLUSIVE
    assert judge("wider", best).numbers.endswith(
        "p = 0.22; deciding takes at least 12 seeds if the ranges stay"  # 10 : 2, p = 0.039
    )


@pytest.mark.parametrize(
    ("others", "verdict"),
    # differences 0, 0, 0, 0, 0, x decades: their 90 % interval is x/6 ± 2.015 x/6;
    # it reaches log10(3) at x = 0.9495
    [(0.949, REFUTED), (0.95, INCONCLUSIVE), (0.0, REFUTED)],
)
def test_a_range_that_is_no_wider_than_a_factor_of_three(
    make_best: MakeBest, others: float, verdict: Verdict
) -> None:
    best = make_best((0.01, 0.1), (0.01, 0.1))
    best.usable["treatment"][5] = (0.01, 0.1 * 10**others)
    for rule in ("wider", "larger"):
        assert judge(rule, best).verdict is verdict
        how = "equivalent within a factor of three" if verdict is REFUTED else ""
        assert judge(rule, best).how == how
    best.usable["baseline"][0] = ()
    assert judge("wider", best).verdict is INCONCLUSIVE


MIRRORED = {"higher": "lower", "different": "different", "equivalent": "equivalent"}
SMALL_NUMBERS = st.integers(-300, 300).map(lambda one: one / 1e4)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(differences=st.lists(SMALL_NUMBERS, min_size=1, max_size=12), confirmatory=st.booleans())
def test_swapping_the_arms_swaps_the_directions(
    make_finding: MakeFinding, differences: list[float], confirmatory: bool
) -> None:
    baseline = [0.5] * len(differences)
    treatment = [0.5 + one for one in differences]
    there = make_finding(treatment=treatment, baseline=baseline, confirmatory=confirmatory)
    back = make_finding(treatment=baseline, baseline=treatment, confirmatory=confirmatory)
    for rule, mirror in MIRRORED.items():
        assert judge(rule, there).verdict is judge(mirror, back).verdict


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(differences=st.lists(SMALL_NUMBERS, min_size=1, max_size=12))
def test_opposite_claims_are_never_both_supported(
    make_finding: MakeFinding, differences: list[float]
) -> None:
    finding = make_finding(differences)
    higher, lower, different, equivalent = (
        judge(rule, finding).verdict for rule in ("higher", "lower", "different", "equivalent")
    )
    assert not higher == lower == SUPPORTED
    assert (different is SUPPORTED) == (SUPPORTED in (higher, lower)) == (equivalent is REFUTED)
    assert (different is REFUTED) == (equivalent is SUPPORTED) <= (higher == lower == REFUTED)


def brute_force(n: int, more: int, less: int, alpha: float = 0.05) -> float:
    """Try every number of seeds, and count the outcomes of a fair coin one by one."""
    for seeds in range(n + 1, 1001):
        wins, losses = math.floor(seeds * more / n), math.ceil(seeds * less / n)
        flips = wins + losses
        extreme = sum(math.comb(flips, heads) for heads in range(min(wins, losses) + 1))
        if wins > losses and 2 * extreme / 2**flips < alpha:
            return seeds
    return 1001


@pytest.mark.parametrize(
    ("n", "more", "less"), [(12, 9, 2), (12, 5, 1), (10, 4, 6), (7, 1, 0), (20, 12, 8)]
)
def test_the_seeds_of_a_sign_test_are_those_at_which_the_shares_of_now_are_significant(
    n: int, more: int, less: int
) -> None:
    many, few = max(more, less), min(more, less)
    expected = brute_force(n, many, few)
    assert n_for_signs(n, more, less) == n_for_signs(n, less, more) == expected > n
    strict = brute_force(n, many, few, alpha=0.01)
    assert n_for_signs(n, more, less, alpha=0.01) == strict >= expected
    assert n_for_signs(n, more, more) == INF
    assert n_for_signs(100, 51, 49) == 1001  # 510 : 490 of a thousand, p = 0.55


def test_a_time_that_is_not_decided_says_how_many_seeds_it_takes(
    make_finding: MakeFinding,
) -> None:
    """Sooner at 7 of 10 seeds, later at 3."""
    treatment, baseline = [2.0] * 7 + [4.0] * 3, [3.0] * 10
    finding = make_finding(treatment=treatment, baseline=baseline, metric=TO_97)
    outcome = judge("sooner", finding)
    takes = brute_force(10, 7, 3)
    assert outcome.needed == takes
    assert outcome.caveats == (f"deciding takes at least {takes:.0f} seeds if the shares stay",)
    of_two = replace(finding, p=0.03, p_adjusted=0.06, adjusted_by="Holm")
    assert judge("sooner", of_two).needed == brute_force(10, 7, 3, alpha=0.025) > takes


def test_diverged_runs_that_are_not_decided_say_how_many_seeds_it_takes(
    make_finding: MakeFinding,
) -> None:
    """At 2 of 10 seeds: the sign test takes 6 : 0, that it is rare takes fewer than a third."""
    finding = make_finding(
        treatment=[1.0] * 2 + [0.0] * 8, baseline=[0.0] * 10, metric="diverged",
        diverged=(range(2), ()),
    )  # fmt: skip
    outcome = judge("more_diverged", finding)
    rare = next(
        n for n in range(11, 1000) if stats.binom.cdf(math.ceil(n * 2 / 10), n, 1 / 3) < 0.05
    )
    assert outcome.needed == min(brute_force(10, 2, 0), rare)
    assert outcome.caveats[0].endswith(" seeds if the shares stay")


@pytest.mark.parametrize("usable", [[0.1] * 4 + [0.01] * 2, [0.1] * 5 + [0.01]])
def test_ranges_take_the_seeds_of_the_test_that_decides_first(
    make_best: MakeBest, usable: Sequence[float]
) -> None:
    """Wider at some seeds, equal at the others: significantly wider, or equal on average."""
    best = make_best((0.1, 1.0), (0.1, 1.0))
    for seed, lowest in enumerate(usable):
        best.usable["treatment"][seed] = (lowest, 1.0)
    differences = np.log10(0.1 / np.array(usable))
    outcome = judge("wider", best)
    assert outcome.verdict is INCONCLUSIVE
    assert outcome.needed == min(brute_force(6, sum(differences > 0), 0), equal(differences))


def equal(differences: Any) -> float:
    """Pairs of which two tests of this mean and deviation rule out a factor of three."""
    mean, sd = float(np.mean(differences)), float(np.std(differences, ddof=1))
    return fewest(lambda n: power_to_rule_out(n, math.log10(3), sd, mean))


def test_more_seeds_than_anybody_runs_are_not_counted() -> None:
    assert needed_text(6, 1000.0) == ("deciding takes at least 1000 seeds",)
    assert needed_text(6, 3_937_564.0) == ("deciding takes more than 1,000 seeds",)
