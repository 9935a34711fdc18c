"""Best against best: tuning seeds choose each side's point, fresh seeds score it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from bnbench.config import BestAgainstBest, PlannedContrast
from bnbench.config.study_schema import Point
from bnbench.findings.contrasts import compare
from bnbench.findings.levels import level_of
from bnbench.findings.results import BestFinding, Level
from bnbench.findings.study_runs import StudyRuns

USABLE = 0.01
"""How far below its side's best a usable point may be: 1 pp, or 0.01 in the metric's unit."""


def compare_best(runs: StudyRuns) -> list[BestFinding]:
    """Compare the best points of every contrast that names tuning seeds; p is not adjusted yet.

    A contrast of which a tuning run is missing is left out: the point that has not been run
    might be the best.
    """
    found = (_best(runs, planned) for planned in runs.study.best)
    return [one for one in found if one is not None]


def _best(runs: StudyRuns, planned: BestAgainstBest) -> BestFinding | None:
    tuning = runs.study.seeds[: planned.tuning_seeds]
    fresh = runs.study.seeds[planned.tuning_seeds :]
    chosen, usable = {}, {}
    for side, labels in (("treatment", planned.treatment), ("baseline", planned.baseline)):
        tuned = [level_of(runs.arms[label].only(tuning), planned.metrics[0]) for label in labels]
        if any(level.values.keys() != set(tuning) for level in tuned):
            return None
        chosen[side] = runs.arms[max(tuned, key=_score).label]
        usable[side] = tuple(_point(runs, level) for level in _usable(tuned))
    contrast = PlannedContrast(
        planned.name, planned.name, chosen["treatment"].label, chosen["baseline"].label,
        planned.metrics, planned.smallest_effect, planned.confirmatory,
    )  # fmt: skip
    sides = chosen["treatment"].only(fresh), chosen["baseline"].only(fresh)
    return BestFinding(
        name=planned.name,
        treatment=contrast.treatment,
        baseline=contrast.baseline,
        tuning_seeds=tuning,
        findings=tuple(
            compare(runs.study.name, contrast, metric, *sides) for metric in planned.metrics
        ),
        usable=usable,
    )


def _score(level: Level) -> float:
    """Give the mean over the tuning seeds, turned so that the highest is best; ties go first."""
    mean = fmean(level.values.values())
    return mean if level.metric.quantity.higher_is_better else -mean


def _usable(levels: Sequence[Level]) -> list[Level]:
    best = max(map(_score, levels))
    return [level for level in levels if not level.diverged and _score(level) >= best - USABLE]


def _point(runs: StudyRuns, level: Level) -> Point:
    """Give the value of the grid's key; of several keys, all of them as in the label."""
    point = runs.study.arms[level.label].point
    return point[0] if len(point) == 1 else level.label.partition("@")[2]
