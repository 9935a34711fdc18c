"""Rules of a paired difference of levels.

"Excludes 0" is of the 95 % t interval and, for a finding of the confirmatory family or of a
sweep, of the adjusted p below 0.05 as well. Equivalence is two one-sided tests of its own
hypothesis, which that p is not about. Below 6 seeds nothing is decided: no exact p could be
below 0.05.
"""

from __future__ import annotations

from collections.abc import Sequence

from bnbench.claims.deciding import (
    OTHER_WAY,
    enough_seeds,
    fewest_seeds,
    needed_text,
    seeds_text,
    withstands_adjustment,
)
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings import numbers
from bnbench.findings.results import Finding
from bnbench.statistics import Contrast, n_for_any_time, n_for_paired_t, n_for_tost


def higher(finding: Finding, test: ClaimTest) -> Outcome:
    """Judge that the treatment's metric is higher than the baseline's.

    ``SUPPORTED``: the interval of the paired difference excludes 0 upwards, and the mean is at
    least the smallest effect. ``REFUTED``: it excludes 0 downwards, or two one-sided tests show
    equivalence within the smallest effect. Else ``INCONCLUSIVE``, with the n it would take.
    """
    return _directed(finding, test, sign=1)


def lower(finding: Finding, test: ClaimTest) -> Outcome:
    """Judge that the treatment's metric is lower; see `higher`."""
    return _directed(finding, test, sign=-1)


def different(finding: Finding, test: ClaimTest) -> Outcome:
    """Judge that there is a difference that matters, in either direction.

    ``SUPPORTED``: the interval excludes 0, and the mean is at least the smallest effect.
    ``REFUTED``: equivalence within the smallest effect.
    """
    return _outcome(
        finding,
        test,
        supported=_differs(finding, test),
        refuted=[_within(finding, test)] if _equivalent(finding, test) else [],
    )


def equivalent(finding: Finding, test: ClaimTest) -> Outcome:
    """Judge that there is no difference that matters.

    ``SUPPORTED``: two one-sided tests show equivalence within the smallest effect. ``REFUTED``:
    the interval excludes 0, and the mean is at least the smallest effect.
    """
    matters = f"at least {_size(finding, _smallest_effect(finding, test))}"
    return _outcome(
        finding,
        test,
        supported=_equivalent(finding, test),
        refuted=[matters] if _differs(finding, test) else [],
        how=_within(finding, test),
    )


def _directed(finding: Finding, test: ClaimTest, sign: int) -> Outcome:
    as_claimed = sign * _contrast(finding).mean_difference > 0
    against = [OTHER_WAY] if not as_claimed and _excludes_zero(finding) else []
    against += [_within(finding, test)] if _equivalent(finding, test) else []
    return _outcome(
        finding, test, supported=as_claimed and _differs(finding, test), refuted=against
    )


def _contrast(finding: Finding) -> Contrast:
    assert finding.contrast is not None
    return finding.contrast


def _smallest_effect(finding: Finding, test: ClaimTest) -> float:
    return test.smallest_effect or finding.smallest_effect


def _excludes_zero(finding: Finding) -> bool:
    excluded = _contrast(finding).t_interval.excludes(0)
    return excluded and enough_seeds(finding.n) and withstands_adjustment(finding)


def _differs(finding: Finding, test: ClaimTest) -> bool:
    size = abs(_contrast(finding).mean_difference)
    return _excludes_zero(finding) and size >= _smallest_effect(finding, test)


def _equivalent(finding: Finding, test: ClaimTest) -> bool:
    """Say whether both one-sided tests reject: their 90 % interval lies inside the margin."""
    assert finding.equivalence is not None
    interval, margin = finding.equivalence.interval, _smallest_effect(finding, test)
    return enough_seeds(finding.n) and -margin < interval.low and interval.high < margin


def _within(finding: Finding, test: ClaimTest) -> str:
    return f"equivalent within {_size(finding, _smallest_effect(finding, test))}"


def _size(finding: Finding, effect: float) -> str:
    return numbers.difference(effect, finding.metric.quantity.unit).lstrip("+")


def _outcome(
    finding: Finding, test: ClaimTest, *, supported: bool, refuted: Sequence[str], how: str = ""
) -> Outcome:
    """Give the verdict; `refuted` says in which ways the claim is, `how` in which it is not."""
    contrast, unit = _contrast(finding), finding.metric.quantity.unit
    mean = numbers.estimate(contrast.mean_difference, contrast.t_interval, unit)
    seeds = seeds_text(finding)
    if supported:
        return Outcome(Verdict.SUPPORTED, finding.n, mean, seeds, how)
    if refuted:
        return Outcome(Verdict.REFUTED, finding.n, mean, seeds, " and ".join(refuted))
    needed, held_back = _needed(finding, test), _held_back(finding)
    return Outcome(Verdict.INCONCLUSIVE, finding.n, mean, seeds + needed, held_back)


def _held_back(finding: Finding) -> str:
    if not enough_seeds(finding.n):
        return "too few seeds"
    held_back = _contrast(finding).t_interval.excludes(0) and not withstands_adjustment(finding)
    return "held back by the adjusted p alone" if held_back else ""


def _needed(finding: Finding, test: ClaimTest) -> str:
    """Say how many seeds find the smallest effect, or its absence, with 90 % power."""
    contrast, effect = _contrast(finding), _smallest_effect(finding, test)
    if not enough_seeds(contrast.n):
        return needed_text(contrast.n, fewest_seeds())
    if _held_back(finding):
        return ""
    if finding.any_time:
        return needed_text(contrast.n, n_for_any_time(effect=effect, sd=contrast.sd))
    found = n_for_paired_t(effect=effect, sd=contrast.sd)
    absent = n_for_tost(margin=effect, sd=contrast.sd)
    return needed_text(contrast.n, max(found, absent))
