"""The rules of a paired difference of levels.

"Excludes 0" is of the 95 % t interval and, for a finding of the confirmatory family or of a
sweep, of the adjusted p below 0.05 as well. Equivalence is two one-sided tests of its own
hypothesis, which that p is not about. Below 6 seeds nothing is decided: no exact p could be
below 0.05.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from bnbench.claims.rules.deciding import (
    ALPHA,
    OTHER_WAY,
    Needs,
    concluded,
    enough_seeds,
    fewest_seeds,
    needed_text,
    seeds_text,
    tests_of_family,
    too_few,
    withstands_adjustment,
)
from bnbench.claims.rules.rule import LevelMetric, OfContrast
from bnbench.claims.verdict import Outcome, Verdict, decide
from bnbench.config.schema import Float
from bnbench.findings import numbers
from bnbench.findings.results import Finding
from bnbench.statistics import (
    Contrast,
    equivalence_test,
    n_for_any_time,
    n_for_paired_t,
    n_for_tost,
)


class Difference(OfContrast):
    """That the treatment's metric is different from the baseline's, equivalent, higher, or lower.

    ``higher``, ``lower``: supported where the interval of the paired difference excludes 0 in that
    direction, and the mean is at least the smallest effect; refuted where the interval excludes 0
    in the other direction, or two one-sided tests show equivalence within the smallest effect.
    ``different``: supported where the interval excludes 0 in either direction and the mean is at
    least the smallest effect; refuted by equivalence. ``equivalent``: the reverse. Where no
    smallest effect was declared and the metric has none by default, any difference from zero
    counts, and there is no equivalence to be shown or ruled out. With fewer than six seeds, or an
    adjusted p of 0.05 or more, the interval is not taken to exclude 0.
    """

    rule: Literal["higher", "lower", "different", "equivalent"]
    metric: LevelMetric
    smallest_effect: Annotated[Float, Field(gt=0)] | None = None
    """Of interest, in the metric's unit; by default the one that the contrast declares."""

    def decide(self, finding: Finding) -> Outcome:
        """Decide, with the n it would take where neither is shown."""
        effect = self.smallest_effect or finding.smallest_effect or 0.0
        return decide_difference(finding, self.rule, effect)


def decide_difference(finding: Finding, rule: str, effect: float) -> Outcome:
    """Decide what `Difference` says of a finding, with the n it would take where nothing is shown.

    Parameters
    ----------
    effect : float
        The smallest of interest, in the metric's unit; 0 where none was declared.
    """
    contrast, unit = contrast_of(finding), finding.unit
    size = numbers.size(effect, unit)
    within = f"equivalent within {size}"
    differs = excludes_zero(finding) and abs(contrast.mean_difference) >= effect
    equivalent = _equivalent(finding, effect)
    refuted = [within] * equivalent
    if rule == "equivalent":
        supported, refuted = equivalent, [f"at least {size}"] * (differs and effect > 0)
    elif rule == "different":
        supported = differs
    else:
        as_claimed = (1 if rule == "higher" else -1) * contrast.mean_difference > 0
        supported = differs and as_claimed
        if excludes_zero(finding) and not as_claimed:
            refuted = [OTHER_WAY, *refuted]
    verdict = decide(supported=supported, refuted=bool(refuted))
    how = {
        Verdict.SUPPORTED: within if rule == "equivalent" else "",
        Verdict.REFUTED: " and ".join(refuted),
        Verdict.INCONCLUSIVE: _held_back(finding),
    }
    mean = numbers.estimate(contrast.mean_difference, contrast.t_interval, unit)
    return concluded(
        verdict, finding.n, mean, seeds_text(finding), lambda: _needed(finding, effect, rule), how
    )


UNDECLARED = "no smallest effect of interest was declared"


def contrast_of(finding: Finding) -> Contrast:
    """The paired difference of a finding that has been measured on a level."""
    assert finding.contrast is not None
    return finding.contrast


def excludes_zero(finding: Finding) -> bool:
    """Whether a difference has been shown, of whatever size."""
    excluded = contrast_of(finding).t_interval.excludes(0)
    return excluded and enough_seeds(finding.n) and withstands_adjustment(finding)


def _equivalent(finding: Finding, margin: float) -> bool:
    """Whether both one-sided tests reject: their 90 % interval lies inside the margin."""
    if not margin or not enough_seeds(finding.n):
        return False
    test, differences = finding.equivalence, contrast_of(finding).differences
    if test is None or test.margin != margin:
        test = equivalence_test(differences, margin=margin, any_time=finding.any_time)
    return test.equivalent


def _held_back(finding: Finding) -> str:
    if not enough_seeds(finding.n):
        return "too few seeds"
    held_back = contrast_of(finding).t_interval.excludes(0) and not withstands_adjustment(finding)
    which = "the adjusted p" if finding.p < ALPHA else "p"
    return f"{which} is not below {ALPHA}" if held_back else ""


def _needed(finding: Finding, effect: float, rule: str) -> Needs:
    """Say how many seeds find the smallest effect, or its absence, with 90 % power.

    The deviation alone plans that. Where so many are there already, or the adjusted p alone holds
    the finding back, it is said of the mean as it is, and in the number alone.
    """
    n, sd = finding.n, contrast_of(finding).sd
    if not enough_seeds(n):
        return too_few(n)
    if not effect:
        return _against_zero(finding, rule)
    if _held_back(finding):
        return (), _if_the_mean_stays(finding, effect)
    if finding.any_time:
        planned = n_for_any_time(effect=effect, sd=sd)
    else:
        planned = max(n_for_paired_t(effect=effect, sd=sd), n_for_tost(margin=effect, sd=sd))
    needed = planned if planned > n else _if_the_mean_stays(finding, effect)
    size = numbers.size(effect, finding.unit)
    return needed_text(n, planned, f" for a difference as small as {size}"), needed


def _against_zero(finding: Finding, rule: str) -> Needs:
    """Say how many seeds tell the difference from zero if its mean stays; none show its absence."""
    never = rule == "equivalent" or contrast_of(finding).mean_difference == 0
    needed = math.inf if never else _if_the_mean_stays(finding, 0.0)
    condition = "" if rule == "equivalent" else " if the mean stays"
    return (UNDECLARED, *needed_text(finding.n, needed, condition)), needed


def _if_the_mean_stays(finding: Finding, effect: float) -> float:
    """How many seeds, more than there are, decide if the true difference is the one found."""
    mean, sd = abs(contrast_of(finding).mean_difference), contrast_of(finding).sd
    if finding.any_time:
        needed = n_for_any_time(effect=mean if mean >= effect else effect - mean, sd=sd)
    elif mean >= effect:
        tests = tests_of_family(finding)
        found = n_for_paired_t(effect=mean, sd=sd, alpha=ALPHA / tests)
        needed = max(found, fewest_seeds(math.ceil(tests - 1e-9)))
    else:
        needed = n_for_tost(margin=effect, sd=sd, difference=mean)
    return max(finding.n + 1, needed)
