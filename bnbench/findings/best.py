"""Best against best: tuning seeds choose each side's point, fresh seeds score it."""

from __future__ import annotations

from collections.abc import Sequence

from bnbench.config import BestAgainstBest, PlannedContrast, parse_metric
from bnbench.config.label import Label
from bnbench.config.study_schema import Point
from bnbench.findings.contrasts import compare
from bnbench.findings.levels import level_of
from bnbench.findings.results import BestFinding, Level
from bnbench.findings.study_runs import StudyRuns

ACCURACY = parse_metric("validation_accuracy@last")
USABLE = 0.01
"""How far below its side's best of the seed a usable point's `ACCURACY` may be: 1 pp, whatever
the metric that chooses."""


def compare_best(runs: StudyRuns) -> list[BestFinding]:
    """Compare the best points of every contrast that names tuning seeds; p is not adjusted yet.

    A contrast of which a tuning run is missing is left out: the point that has not been run
    might be the best.
    """
    found = (_best(runs, planned) for planned in runs.study.best)
    return [best for best in found if best is not None]


def _best(runs: StudyRuns, planned: BestAgainstBest) -> BestFinding | None:
    tuning = runs.study.seeds[: planned.tuning_seeds]
    fresh = runs.study.seeds[planned.tuning_seeds :]
    chosen, usable = {}, {}
    for side, labels in (("treatment", planned.treatment), ("baseline", planned.baseline)):
        tuned = [level_of(runs.arms[label].only(tuning), planned.metrics[0]) for label in labels]
        if any(level.values.keys() != set(tuning) for level in tuned):
            return None
        chosen[side] = runs.arms[max(tuned, key=_score).label]
        usable[side] = _usable(runs, [level_of(runs.arms[label], ACCURACY) for label in labels])
    contrast = PlannedContrast(
        planned.name, chosen["treatment"].label, chosen["baseline"].label,
        planned.metrics, planned.smallest_effect, planned.confirmatory,
    )  # fmt: skip
    sides = chosen["treatment"].only(fresh), chosen["baseline"].only(fresh)
    return BestFinding(
        name=planned.name,
        treatment=contrast.treatment,
        baseline=contrast.baseline,
        tuning_seeds=tuning,
        findings=tuple(compare(runs.study, contrast, metric, *sides) for metric in planned.metrics),
        usable=usable,
    )


def _score(level: Level) -> float:
    """Average over the tuning seeds, turned so that the highest is best; ties go first.

    Of times it is the median: one seed that never arrives would make any mean infinite.
    """
    middle = level.median if level.summary is None else level.summary.mean
    return middle if level.metric.quantity.higher_is_better else -middle


def _usable(runs: StudyRuns, levels: Sequence[Level]) -> dict[int, tuple[Point, ...]]:
    """List, seed by seed, the points whose accuracy comes close to that seed's best."""
    shared = set.intersection(*(set(level.values) for level in levels))
    usable = {}
    for seed in sorted(shared):
        best = max(level.values[seed] for level in levels)
        usable[seed] = tuple(
            _point(runs, level)
            for level in levels
            if seed not in level.diverged and level.values[seed] >= best - USABLE
        )
    return usable


def _point(runs: StudyRuns, level: Level) -> Point:
    """Name the value of the grid's key; of several keys, all of them as in the label."""
    point = runs.study.arms[level.label].point
    return point[0] if len(point) == 1 else Label.parse(level.label).point
