"""The rule of times, which may be infinite: signs and medians, no means."""

from __future__ import annotations

import math
from typing import Literal

from bnbench.claims.rules.deciding import (
    ALPHA,
    IF_SHARES_STAY,
    Needs,
    adjusted_p_text,
    concluded,
    enough_seeds,
    n_for_signs,
    needed_text,
    tests_of_family,
    too_few,
    withstands_adjustment,
)
from bnbench.claims.rules.rule import OfContrast, TimeMetric
from bnbench.claims.verdict import Outcome, Verdict, decide
from bnbench.findings import numbers
from bnbench.findings.results import Finding
from bnbench.statistics import SpeedUp


class Sooner(OfContrast):
    """That the treatment reaches a threshold before the baseline does; never is an infinite time.

    Supported where the sign test over the pairs has p < 0.05 (its adjusted p as well, if the study
    set out to confirm it), and the bootstrap interval of the ratio of medians excludes 1, both in
    the treatment's favour. Refuted where both are against it. Neither where both medians are at the
    first evaluation: it cannot be seen which was sooner.
    """

    rule: Literal["sooner"]
    metric: TimeMetric

    def decide(self, finding: Finding) -> Outcome:
        """Decide by the sign test and the ratio of medians."""
        speed = finding.speed_up
        assert speed is not None
        seen = not _unseen(finding)
        decided = seen and speed.sign_test_p < ALPHA and withstands_adjustment(finding)
        low, high = speed.interval.low, speed.interval.high
        verdict = decide(
            supported=decided and low > 1 and speed.win_probability > 0.5,
            refuted=decided and high < 1 and speed.win_probability < 0.5,
        )
        p = adjusted_p_text(finding) or numbers.p_equals(speed.sign_test_p)
        rest = f", n = {finding.n}, sign test {p}"
        unseen = "" if seen else "both had reached it at the first evaluation"
        times, brief = _medians(finding, speed), _ratio(finding, speed)
        text = f"{brief} ({times})" if brief else times
        return concluded(
            verdict, finding.n, text, rest, lambda: _needed(finding, speed),
            {Verdict.REFUTED: "later", Verdict.INCONCLUSIVE: unseen}, brief,
        )  # fmt: skip


def _needed(finding: Finding, speed: SpeedUp) -> Needs:
    """Say how many seeds the sign test takes; nothing where it is the ratio that is unclear."""
    n, tests = finding.n, tests_of_family(finding)
    if not enough_seeds(n):
        return too_few(n)
    if _unseen(finding):
        return needed_text(n, math.inf), math.inf
    if speed.sign_test_p < ALPHA and withstands_adjustment(finding):
        return (), None
    both = finding.treatment.values, finding.baseline.values
    pairs = [(both[0][seed], both[1][seed]) for seed in speed.seeds]
    sooner, later = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
    needed = n_for_signs(n, sooner, later, alpha=ALPHA / tests, any_time=finding.any_time)
    return needed_text(n, needed, IF_SHARES_STAY), needed


def _medians(finding: Finding, speed: SpeedUp) -> str:
    """Write both arms' median times, and their unit once."""
    medians = (speed.treatment_median, speed.baseline_median)
    first, second = (numbers.level(median, finding.unit) for median in medians)
    unit = f" {finding.unit}"
    return f"medians {first.removesuffix(unit) if second.endswith(unit) else first} and {second}"


def _ratio(finding: Finding, speed: SpeedUp) -> str:
    """Write the ratio of the medians with its interval; nothing where there is none."""
    ratio = numbers.ratio(speed.ratio, speed.interval)
    if ratio == numbers.NOTHING or _unseen(finding):
        return ""
    sides = ("at least ", finding.treatment), ("at most ", finding.baseline)
    known = 0 < speed.ratio < math.inf  # beyond that there is nothing
    bound = "".join(words for words, level in sides if known and level.at_first_look)
    return f"{bound}{ratio} times as fast"


def _unseen(finding: Finding) -> bool:
    """Tell whether both sides' medians are those of their first evaluation."""
    return finding.treatment.at_first_look and finding.baseline.at_first_look
