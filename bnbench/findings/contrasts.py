"""Every contrast and every change that a study has planned, on every metric that it names."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bnbench.config import Change, Metric, PlannedContrast, Study
from bnbench.config.planned import Compared
from bnbench.findings.levels import level_of
from bnbench.findings.reader_notes import reader_notes
from bnbench.findings.results import Finding, Level, Note
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.statistics import (
    Contrast,
    equivalence_test,
    paired_contrast,
    prediction_interval,
    sign_test_p,
    speed_up,
)


def compare_planned(runs: StudyRuns, planned: Iterable[PlannedContrast | Change]) -> list[Finding]:
    """Compare what was planned, in its order, metric by metric; p is not adjusted yet."""
    return [_compare(runs, contrast, metric) for contrast in planned for metric in contrast.metrics]


def compare_changes(runs: StudyRuns) -> list[Finding]:
    """Compare the leads of every planned change, metric by metric; p is not adjusted yet."""
    found = compare_planned(runs, runs.study.changes)
    metrics = list(dict.fromkeys(finding.metric.text for finding in found))
    return sorted(found, key=lambda finding: metrics.index(finding.metric.text))


def _compare(runs: StudyRuns, planned: PlannedContrast | Change, metric: Metric) -> Finding:
    if isinstance(planned, PlannedContrast):
        sides = runs.arms[planned.treatment], runs.arms[planned.baseline]
        return compare_arms(runs.study, planned, metric, *sides)
    (after, notes_after), (before, notes_before) = (
        _lead(runs, contrast, metric) for contrast in (planned.after, planned.before)
    )
    notes = tuple(dict.fromkeys((*notes_after, *notes_before)))
    any_time = runs.study.any_time
    return compare_levels(runs.study.name, planned, after, before, notes, any_time=any_time)


def _lead(
    runs: StudyRuns, contrast: PlannedContrast, metric: Metric
) -> tuple[Level, tuple[Note, ...]]:
    """Measure a contrast as a level of its own, treatment minus baseline, seed by seed.

    It has notes on its arms. Nothing of it was published, and it cannot diverge.
    """
    arms = runs.arms[contrast.treatment], runs.arms[contrast.baseline]
    lead = Level(contrast.name, metric, paired_values(*arms, metric))
    return lead, tuple(reader_notes(metric, *arms))


def paired_values(treatment: ArmRuns, baseline: ArmRuns, metric: Metric) -> dict[int, float]:
    """Seed -> treatment minus baseline, at the seeds of which both are known."""
    treated, base = (level_of(arm, metric).values for arm in (treatment, baseline))
    return {seed: value - base[seed] for seed, value in treated.items() if seed in base}


def compare_arms(
    study: Study, planned: Compared, metric: Metric, treatment: ArmRuns, baseline: ArmRuns
) -> Finding:
    """Compare two arms on one metric, at the seeds that both have."""
    levels = level_of(treatment, metric), level_of(baseline, metric)
    notes = tuple(reader_notes(metric, treatment, baseline))
    return compare_levels(study.name, planned, *levels, notes, any_time=study.any_time)


def compare_levels(
    study: str,
    planned: Compared,
    treatment: Level,
    baseline: Level,
    notes: tuple[Note, ...],
    *,
    any_time: bool = False,
) -> Finding:
    """Compare two levels of one metric; `notes` is what a reader must know besides."""
    metric = treatment.metric
    contrast, equivalent, speed = None, None, None
    effect = planned.effect_on(metric)
    if treatment.values.keys() & baseline.values.keys():
        if metric.quantity.kind == "level":
            contrast = paired_contrast(
                treatment.values,
                baseline.values,
                higher_is_better=metric.quantity.higher_is_better,
                effect_of_interest=effect,
                any_time=any_time,
            )
            if effect is not None:
                equivalent = equivalence_test(
                    contrast.differences, margin=effect, any_time=any_time
                )
        elif metric.quantity.kind == "time":
            speed = speed_up(treatment.values, baseline.values, any_time=any_time)
    p = _p(treatment, baseline, contrast, any_time=any_time)
    return Finding(
        study=study,
        name=planned.name,
        metric=metric,
        treatment=treatment,
        baseline=baseline,
        contrast=contrast,
        equivalence=equivalent,
        speed_up=speed,
        prediction=prediction_interval(contrast.differences) if contrast else None,
        published=_published_difference(treatment, baseline),
        smallest_effect=effect,
        confirmatory=planned.confirmatory,
        p=p,
        p_adjusted=p,
        adjusted_by="",
        notes=notes,
        any_time=any_time,
    )


def _published_difference(treatment: Level, baseline: Level) -> float | None:
    """Subtract what was published, of times in epochs; ``None`` where neither ever arrived."""
    if treatment.published is None or baseline.published is None:
        return None
    difference = round(treatment.published - baseline.published, 12)
    return None if math.isnan(difference) else difference


def _p(treatment: Level, baseline: Level, contrast: Contrast | None, *, any_time: bool) -> float:
    """Test the pairs: sign flips of a level's differences, the sign test of a time or share."""
    if contrast is not None:
        testable = contrast.n > 1 and any(contrast.differences)
        return contrast.sign_flip_p if testable else math.nan
    shared = treatment.values.keys() & baseline.values.keys()
    higher = sum(treatment.values[seed] > baseline.values[seed] for seed in shared)
    lower = sum(treatment.values[seed] < baseline.values[seed] for seed in shared)
    if len(shared) < 2 or higher + lower == 0:
        return math.nan
    return sign_test_p(higher, lower, any_time=any_time)
