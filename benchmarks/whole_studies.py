"""How often verdicts are wrong, and intervals miss, in whole studies without an effect.

``make calibrate`` prints the table. Both arms of each contrast get runs of one arm of the
reference, drawn with replacement, so that in truth they do not differ. Such a study goes the way of
all studies: findings, families, verdicts. Then the treatment is raised by the smallest effect of
interest, so that no verdict may call the arms equivalent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.refutations import Answer, of_failures, of_ranges
from bnbench.claims.rules import RULES
from bnbench.claims.verdict import Verdict
from bnbench.config import load_study
from bnbench.findings import (
    Finding,
    Level,
    StudyFindings,
    StudyRuns,
    findings_of,
    levels,
    read_study,
)
from bnbench.findings.levels import measure
from bnbench.findings.multiplicity import BENJAMINI_HOCHBERG, HOLM
from bnbench.findings.study_runs import ArmRuns
from bnbench.runs import opened
from bnbench.statistics import summarize

RUNS = Path(__file__).parents[1] / "results/reference/runs"
NAMES = {"headline": 400, "learning_rate": 100}
"""How many studies are drawn, by the study whose runs they get."""
SEEDS = 10
OF_KIND = {
    "level": ("higher", "lower", "different"),
    "time": ("sooner",),
    "share": ("more_diverged", "fewer_diverged"),
}


def reference(name: str) -> StudyRuns:
    """Read the runs that the reference has of a study, or of its small variant."""
    studies = [load_study(name, small=small, seeds=100) for small in (False, True)]
    read = [read_study(study, opened(RUNS)) for study in studies]
    return max(read, key=lambda runs: len(runs.runs))


def without_effect(runs: StudyRuns, rng: np.random.Generator) -> StudyRuns:
    """Draw a study whose contrasts compare an arm with itself: the one arm or the other."""
    chosen, drawn = int(rng.integers(2)), dict[str, list[int]]()
    arms: dict[str, ArmRuns] = {}
    for pair in compared(runs):
        source = runs.arms[pair[chosen]]
        for label in pair:
            seeds = drawn.setdefault(label.partition("@")[0], _some(list(source.runs), rng))
            of_seed = {place: source.runs[seed] for place, seed in enumerate(seeds)}
            arms[label] = ArmRuns(label, runs.arms[label].experiment, of_seed, None)
    return StudyRuns(replace(runs.study, seeds=tuple(range(SEEDS))), arms, ())


def _some(seeds: list[int], rng: np.random.Generator) -> list[int]:
    return [int(seed) for seed in rng.choice(seeds, SEEDS)]


def compared(runs: StudyRuns) -> set[tuple[str, str]]:
    """List what is compared, treatment and baseline, point by point."""
    best = (zip(one.treatment, one.baseline, strict=True) for one in runs.study.best)
    planned = (one.labels for one in runs.study.contrasts)
    return {*planned, *(pair for pairs in best for pair in pairs)}


def raised(runs: StudyRuns) -> StudyRuns:
    """Raise the levels of each contrast's treatment by its smallest effect of interest."""
    arms = {label: replace(arm) for label, arm in runs.arms.items()}
    for planned in runs.study.contrasts:
        for metric in (one for one in planned.metrics if one.quantity.kind == "level"):
            level = levels.level_of(runs.arms[planned.treatment], metric)
            effect = planned.effect_on(metric) or 0.0
            arms[planned.treatment].levels[metric.text] = _plus(level, effect)
    return replace(runs, arms=arms)


def _plus(level: Level, effect: float) -> Level:
    return replace(level, values={seed: value + effect for seed, value in level.values.items()})


def of_verdicts(found: StudyFindings) -> Iterator[Answer]:
    """Judge arms that do not differ by every rule, and ask whether a family calls anything."""
    families: dict[str, list[float]] = {}
    for finding in (one for one in found.contrasts if one.measured):
        for rule in OF_KIND[finding.metric.quantity.kind]:
            supported = _verdict(rule, found, finding) is Verdict.SUPPORTED
            yield Answer(rule, "supported", 0.05 if rule == "different" else 0.025, supported)
        if finding.equivalence is not None:
            refuted = _verdict("equivalent", found, finding) is Verdict.REFUTED
            yield Answer("equivalent", "refuted", 0.05, refuted)
        if finding.adjusted_by:
            families.setdefault(finding.family, []).append(finding.p_adjusted)
    for best, rule in product(found.best, ("wider", "larger")):
        supported = _judged(rule, found, contrast=best.name) is Verdict.SUPPORTED
        yield Answer(rule, "supported", 0.025, supported)
    for family, adjusted in families.items():
        method = family if family.startswith(HOLM) else BENJAMINI_HOCHBERG
        called = any(p < 0.05 for p in adjusted)
        yield Answer(f"{method}, {len(adjusted)} tests", "any p below 0.05", 0.05, called)


def of_equivalence(found: StudyFindings) -> Iterator[Answer]:
    """Judge as equivalent what differs by the smallest effect of interest."""
    for finding in (one for one in found.contrasts if one.equivalence is not None):
        supported = _verdict("equivalent", found, finding) is Verdict.SUPPORTED
        yield Answer("equivalent, at the smallest effect", "supported", 0.05, supported)


def of_intervals(
    found: StudyFindings, runs: StudyRuns, rng: np.random.Generator
) -> Iterator[Answer]:
    """Ask intervals whether they contain what is true, or one further run."""
    for finding in found.contrasts:
        if finding.contrast is not None:
            misses = finding.contrast.t_interval.excludes(0)
            yield Answer("interval of a mean difference", "misses", 0.05, misses)
        if finding.speed_up is not None and not finding.baseline.at_first_look:
            misses = finding.speed_up.interval.excludes(1)
            yield Answer("interval of a ratio of medians", "misses", 0.05, misses)
        if finding.metric.quantity.kind == "level":
            arm = runs.arms[finding.baseline.label]
            every = list(levels.level_of(arm, finding.metric).values.values())
            drawn = summarize(list(rng.choice(every, SEEDS)))
            misses = drawn.interval.excludes(float(np.mean(every)))
            yield Answer("interval of an arm's mean", "misses", 0.05, misses)
            misses = drawn.prediction.excludes(float(rng.choice(every)))
            yield Answer("prediction of one further run", "misses", 0.05, misses)


def _verdict(rule: str, found: StudyFindings, finding: Finding) -> Verdict:
    return _judged(rule, found, contrast=finding.name, metric=finding.metric.text)


def _judged(rule: str, found: StudyFindings, **keys: Any) -> Verdict:
    test = {"aspect": "-", "rule": rule, "study": found.study.name} | keys
    return RULES[rule].model_validate(test).judge(found).verdict


def answers(rng: np.random.Generator) -> Iterator[Answer]:
    """Draw studies of every kind and ask them everything."""
    for name, times in NAMES.items():
        runs = reference(name)
        for _ in range(times):
            drawn = without_effect(runs, rng)
            found = findings_of(drawn)
            yield from of_verdicts(found)
            yield from of_intervals(found, runs, rng)
            yield from of_equivalence(findings_of(raised(drawn)))
            yield from of_ranges(found)
    yield from of_failures(rng)


def verdict_errors(rng: np.random.Generator) -> list[list[str]]:
    """Lay out how often each wrong answer was given."""
    levels.measure = cache(measure)  # a run is drawn many times
    asked: dict[tuple[str, str, float], list[bool]] = {}
    for answer in answers(rng):
        asked.setdefault(answer[:3], []).append(answer.given)
    return [
        [what, wrong, f"{100 * np.mean(given):.1f} %", f"{100 * allowed:g} %", f"{len(given):,}"]
        for (what, wrong, allowed), given in asked.items()
    ]
