"""What a study's findings hold for a test, if they hold anything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from bnbench.claims.rules import RULES
from bnbench.claims.schema import ClaimTest
from bnbench.claims.verdict import Outcome
from bnbench.config.study_schema import Point
from bnbench.findings.results import BestFinding, Finding, Level, StudyFindings


def judge_test(test: ClaimTest, study: StudyFindings) -> Outcome | None:
    """Apply a test's rule to what the study measured; ``None`` where it measured nothing."""
    rule = RULES[test.rule]
    if rule.of_best is not None:
        best = _best(test, study)
        return rule.of_best(best, test) if best else None
    if test.arm is not None:
        level = _level(test, study)
        return rule.of_level(level, test) if level and rule.of_level else None
    finding = find(test, study)
    if finding is None or rule.of_finding is None or not _is_measured(finding):
        return None
    return rule.of_finding(finding, test)


def find(test: ClaimTest, study: StudyFindings) -> Finding | None:
    """Find a contrast's finding on a metric, whether anything was measured or not."""
    wanted = (test.contrast, test.metric)
    return next((one for name, one in _named(study) if (name, one.metric.text) == wanted), None)


def _named(study: StudyFindings) -> Iterator[tuple[str, Finding]]:
    yield from ((finding.name, finding) for finding in study.contrasts)
    yield from ((best.name, finding) for best in study.best for finding in best.findings)
    if study.ladder is not None:
        yield from ((change.name, change) for change in study.ladder.changes)


def _best(test: ClaimTest, study: StudyFindings) -> BestFinding | None:
    found = (best for best in study.best if best.name == test.contrast)
    return next((best for best in found if any(map(_any_usable, best.usable.values()))), None)


def _any_usable(by_seed: Mapping[int, Sequence[Point]]) -> bool:
    return any(by_seed.values())


def _level(test: ClaimTest, study: StudyFindings) -> Level | None:
    """Find an arm's level in whichever contrast has the arm and the metric."""
    wanted = (test.arm, test.metric)
    levels = (side for one in study.contrasts for side in (one.treatment, one.baseline))
    found = (level for level in levels if (level.label, level.metric.text) == wanted)
    return next((one for one in found if one.summary and not math.isnan(one.summary.mean)), None)


def _is_measured(finding: Finding) -> bool:
    if finding.metric.quantity.kind == "share":
        return finding.n > 0
    of = finding.contrast if finding.metric.quantity.kind == "level" else finding.speed_up
    return of is not None
