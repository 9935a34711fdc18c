"""The answer to a study's question in at most three sentences, built from its numbers alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from bnbench.config import Metric, Study
from bnbench.findings import numbers
from bnbench.findings.results import BestFinding, Finding, StudyFindings
from bnbench.report.names import arm_title, pair_title, point_of, spoken
from bnbench.report.verdicts import VerdictRow, counted
from bnbench.statistics import Contrast

FEWEST = 6
"""Seeds with which an exact p can be below 0.05."""

PLACES = {
    "rung": "on the ladder",
    "alone": "alone in the published recipe",
    "last": "with all others corrected",
}


def answer(found: StudyFindings, verdicts: Iterable[VerdictRow]) -> str:
    """Say what a study found: levels, then speed or what decides next, then its verdicts.

    Parameters
    ----------
    found : StudyFindings
    verdicts : iterable of VerdictRow
        Of all studies; those of this one, in full or small, are counted.
    """
    sentences = [sentence for sentence in _findings(found) if sentence]
    sentences = sentences or ["its runs allow no comparison yet"]
    sentences += filter(None, [_published_points(found) or _verdicts(found, verdicts)])
    return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)


def switch_sentences(found: StudyFindings) -> list[str]:
    """Say in words what correcting each switch of a ladder does to the treatment's lead."""
    if found.ladder is None or (ladder := found.study.ladder) is None:
        return []
    by_switch: dict[tuple[Metric, str], list[str]] = {}
    for one in found.ladder.effects:
        if one.difference is not None:
            change = f"by {_estimate(one.difference, one.metric)} {PLACES[one.where]}"
            by_switch.setdefault((one.metric, one.switch), []).append(change)
    lead = f"{ladder.paths[ladder.treatment].title}'s lead"
    return [
        f"Correcting “{ladder.switches[switch]}” changes {lead} in {metric.title}"
        f" {', '.join(changes)}."
        for (metric, switch), changes in by_switch.items()
    ]


def _findings(found: StudyFindings) -> Iterator[str]:
    single = [one for one in found.contrasts if not point_of(one)]
    swept = [one for one in found.contrasts if point_of(one)]
    if found.ladder is not None:
        yield _ladder_ends(found)
        yield _largest_switches(found)
    elif swept:
        yield _sweeps(found.study, swept)
        yield _best(found.study, found.best) or _levels(found.study, single, most=1)
    elif single:
        yield _levels(found.study, single)
        yield _speeds(single) or _decided(single)


def _headline(findings: Sequence[Finding]) -> list[Finding]:
    """Keep what the study set out to confirm, or all where it explores."""
    return [one for one in findings if one.confirmatory] or list(findings)


def _levels(study: Study, findings: Sequence[Finding], most: int = 2) -> str:
    """Name the first levels of each contrast."""
    parts = []
    for _, group in groupby(_headline(findings), key=lambda one: one.name):
        known = [one for one in group if one.contrast is not None][:most]
        if known:
            levels = [_level(one) for one in known]
            parts.append(
                f"{pair_title(study, known[0])} (n = {known[0].n}): {' and '.join(levels)}"
            )
    return "; ".join(parts)


def _level(finding: Finding) -> str:
    """Give a difference, and say where it may be none."""
    contrast = finding.contrast
    assert contrast is not None
    text = f"{_estimate(contrast, finding.metric)} in {finding.metric.title}"
    if finding.n < FEWEST:
        return f"{text} (too few seeds to decide)"
    return text if contrast.t_interval.excludes(0) else f"{text} (not told apart from zero)"


def _published_points(found: StudyFindings) -> str:
    """Count the published accuracies that re-runs give; name those of epoch 1 that they do not."""
    points = found.published
    parts = [
        f"{sum(point.inside for point in points)} of {len(points)} published accuracies lie where"
        " one further run would"
    ]
    parts += [
        f"“{arm_title(found.study, point.label)}” has {100 * point.summary.mean:.1f} % after epoch"
        f" 1 where the article's figure reads {100 * point.published:.1f} %"
        for point in points
        if point.split == "validation" and point.epoch == 1 and not point.inside
    ]
    return "; ".join(parts) if points else ""


def _speeds(findings: Sequence[Finding]) -> str:
    """Name each contrast's highest accuracy that both sides' medians reach, and how soon."""
    parts = []
    for _, group in groupby(_headline(findings), key=lambda one: one.name):
        times = [
            one
            for one in group
            if one.metric.quantity.name == "epochs_to_accuracy"
            and one.speed_up is not None
            and 0 < one.speed_up.ratio < float("inf")
        ]
        if times:
            parts.append(_speed(max(times, key=lambda one: one.metric.threshold)))
    return "; ".join(parts)


def _speed(finding: Finding) -> str:
    speed = finding.speed_up
    assert speed is not None
    medians = (speed.treatment_median, speed.baseline_median)
    times = " against ".join(numbers.level(median, "epochs") for median in medians)
    return (
        f"{spoken(finding.group)}: {100 * finding.metric.threshold:g} % after {times}"
        f" (medians), {numbers.ratio(speed.ratio, speed.interval)} times as fast"
    )


def _decided(findings: Sequence[Finding]) -> str:
    """Count what the intervals decide."""
    decided = Counter(_side(one.contrast) for one in findings if one.contrast is not None)
    equal = sum(one.equivalence is not None and one.equivalence.equivalent for one in findings)
    total = sum(decided.values())
    return (
        f"of {total} differences in level the 95 % interval lies above zero in {decided['above']},"
        f" below in {decided['below']} and holds zero in {decided['around']}; {equal} are shown to"
        " be smaller than the smallest effect of interest"
        if total
        else ""
    )


def _sweeps(study: Study, findings: Sequence[Finding]) -> str:
    """Count for each sweep's first metric at how many points either side leads."""
    parts = []
    for _, group in groupby(findings, key=lambda one: one.group):
        several = list(group)
        first = several[0].metric
        sides = Counter(
            _side(one.contrast)
            for one in several
            if one.metric == first and one.contrast is not None
        )
        if sides:
            parts.append(
                f"{pair_title(study, several[0])}, {first.title}: higher at {sides['above']},"
                f" lower at {sides['below']} and undecided at {sides['around']} of"
                f" {sides.total()} values"
            )
    return "; ".join(parts)


def _best(study: Study, best: Iterable[BestFinding]) -> str:
    parts = [
        f"{pair_title(study, first)} (n = {first.n})"
        f" {_estimate(first.contrast, first.metric)} in {first.metric.title}"
        for one in best
        for first in one.findings[:1]
        if first.contrast is not None
    ]
    return f"each side at its best value: {'; '.join(parts)}" if parts else ""


def _ladder_ends(found: StudyFindings) -> str:
    ladder, planned = found.ladder, found.study.ladder
    assert ladder is not None
    assert planned is not None
    parts = []
    for metric in dict.fromkeys(rung.metric for rung in ladder.rungs):
        rungs = [rung for rung in ladder.rungs if rung.metric == metric]
        first, last = (_estimate(rung.difference, metric) for rung in (rungs[0], rungs[-1]))
        parts.append(f"by {first} as published and by {last} corrected in {metric.title}")
    return f"{planned.paths[planned.treatment].title} leads {'; '.join(parts)}" if parts else ""


def _largest_switches(found: StudyFindings) -> str:
    ladder, planned = found.ladder, found.study.ladder
    assert ladder is not None
    assert planned is not None
    parts = []
    for metric in dict.fromkeys(effect.metric for effect in ladder.effects):
        effects = [
            (abs(effect.difference.mean_difference), effect)
            for effect in ladder.effects
            if effect.metric == metric and effect.where == "rung" and effect.difference
        ]
        if effects:
            most = max(effects, key=lambda pair: pair[0])[1]
            parts.append(
                f"in {metric.title} by correcting “{planned.switches[most.switch]}”"
                f" ({_estimate(most.difference, metric)})"
            )
    return f"on the ladder the lead changes most {'; '.join(parts)}" if parts else ""


def _verdicts(found: StudyFindings, verdicts: Iterable[VerdictRow]) -> str:
    mine = [row for row in verdicts if row.study == found.study.name]
    tests = "test of a claim rests" if len(mine) == 1 else "tests of claims rest"
    return f"{len(mine)} {tests} on these runs: {counted(mine)}" if mine else ""


def _side(contrast: Contrast) -> str:
    """Say where the interval of a mean difference lies; without one it holds zero."""
    if not contrast.t_interval.excludes(0):
        return "around"
    return "above" if contrast.mean_difference > 0 else "below"


def _estimate(contrast: Contrast | None, metric: Metric) -> str:
    if contrast is None:
        return "an unknown amount"
    return numbers.estimate(contrast.mean_difference, contrast.t_interval, metric.quantity.unit)
