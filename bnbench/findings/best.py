"""Best against best: tuning seeds choose each side's point, fresh seeds score it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bnbench.config import BestAgainstBest, parse_metric
from bnbench.config.label import Label
from bnbench.config.study_schema import Point
from bnbench.findings.contrasts import compare_arms
from bnbench.findings.levels import level_of
from bnbench.findings.results import BestFinding, Level
from bnbench.findings.study_runs import StudyRuns

ACCURACY = parse_metric("validation_accuracy@last")
USABLE = 0.01
"""How far below the best of both sides at the seed a usable point's `ACCURACY` may be: 1 pp,
whatever the metric that chooses. By its own best, a side that is poor everywhere would be usable
everywhere."""


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
    chosen, accuracies = {}, {}
    for side, labels in (("treatment", planned.treatment), ("baseline", planned.baseline)):
        tuned = [level_of(runs.arms[label].only(tuning), planned.metrics[0]) for label in labels]
        if any(level.values.keys() != set(tuning) for level in tuned):
            return None
        chosen[side] = runs.arms[max(tuned, key=_score).label]
        accuracies[side] = [level_of(runs.arms[label], ACCURACY) for label in labels]
    sides = chosen["treatment"].only(fresh), chosen["baseline"].only(fresh)
    return BestFinding(
        name=planned.name,
        treatment=chosen["treatment"].label,
        baseline=chosen["baseline"].label,
        tuning_seeds=tuning,
        findings=tuple(
            compare_arms(runs.study, planned, metric, *sides) for metric in planned.metrics
        ),
        usable=_usable(runs, accuracies),
    )


def _score(level: Level) -> float:
    """Average over the tuning seeds, turned so that the highest is best; ties go first.

    Of times it is the median: one seed that never arrives would make any mean infinite.
    """
    middle = level.median if level.summary is None else level.summary.mean
    return middle if level.metric.quantity.higher_is_better else -middle


def _usable(
    runs: StudyRuns, sides: Mapping[str, Sequence[Level]]
) -> dict[str, dict[int, tuple[Point, ...]]]:
    """List, side by side and seed by seed, the points that come close to the seed's best."""
    both = [level for levels in sides.values() for level in levels]
    seeds = sorted(set.intersection(*(set(level.values) for level in both)))
    least = {seed: max(level.values[seed] for level in both) - USABLE for seed in seeds}

    def usable(level: Level, seed: int) -> bool:
        return seed not in level.failed and level.values[seed] >= least[seed]

    return {
        side: {
            seed: tuple(_point(runs, level) for level in levels if usable(level, seed))
            for seed in seeds
        }
        for side, levels in sides.items()
    }


def _point(runs: StudyRuns, level: Level) -> Point:
    """Name the value of the grid's key; of several keys, all of them as in the label."""
    point = runs.study.arms[level.label].point
    return point[0] if len(point) == 1 else Label.parse(level.label).point
