"""Tuning seeds choose, fresh seeds score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bnbench.findings import StudyFindings, find
from bnbench.findings.results import BestFinding
from tests.unit.findings.conftest import Load, MakeRuns

Score = Callable[..., StudyFindings]

STUDY = """\
seeds: 4
experiments:
  plain:
    config: plain.yaml
    overrides: {{training.epochs: 1}}
    grid: {{training.optimizer.learning_rate: [0.001, 0.01, 0.1]}}
  batch_norm:
    config: batch_norm.yaml
    overrides: {{training.epochs: 1}}
    grid: {{training.optimizer.learning_rate: [0.001, 0.01, 0.1]}}
contrasts:
  best:
    treatment: batch_norm
    baseline: plain
    tuning_seeds: 2
    metrics: {metrics}
    smallest_effect: 0.005
    family: {family}
"""
POINTS = ("0.001", "0.01", "0.1")
PLAIN = {"0.001": [0.95, 0.97, 0.2, 0.2], "0.01": [0.955, 0.965, 0.3, 0.5], "0.1": [0.94] * 4}
# Means over the first two seeds: 0.96, 0.96, 0.94; and 0.971, 0.961, 0.9609.
BATCH_NORM = {"0.001": [0.971] * 4, "0.01": [0.961] * 4, "0.1": [0.9609] * 4}


@pytest.fixture
def score(load: Load, make_runs: MakeRuns, results: Path) -> Score:
    def score(
        metrics: str = "[validation_accuracy@last]",
        *,
        family: str = "exploratory",
        left_out: tuple[str, int] | None = None,
        manifests: Mapping[tuple[str, int], dict[str, Any]] | None = None,
        **options: int,
    ) -> StudyFindings:
        study = load(STUDY.format(metrics=metrics, family=family), **options)
        for arm, accuracies in (("plain", PLAIN), ("batch_norm", BATCH_NORM)):
            for point in POINTS:
                for seed, accuracy in enumerate(accuracies[point]):
                    label = f"{arm}@{point}"
                    if (label, seed) != left_out:
                        manifest = (manifests or {}).get((label, seed))
                        curve = [] if manifest else [accuracy]  # of the study's one epoch
                        make_runs(study, label, {seed: curve}, manifest=manifest)
        return find(study, results)

    return score


def best_of(findings: StudyFindings) -> BestFinding:
    (best,) = findings.best
    return best


def test_the_best_mean_of_the_tuning_seeds_a_tie_going_to_the_first(score: Score) -> None:
    best = best_of(score())
    assert (best.treatment, best.baseline) == ("batch_norm@0.001", "plain@0.001")
    assert best.tuning_seeds == (0, 1)


def test_fresh_seeds_score(score: Score) -> None:
    (finding,) = best_of(score()).findings
    assert finding.baseline.values == {2: 0.2, 3: 0.2}
    assert finding.contrast is not None
    assert finding.contrast.mean_difference == pytest.approx(0.771)
    assert finding.smallest_effect == 0.005
    assert (finding.name, finding.group) == ("best", "best")


def test_the_usable_range_is_within_a_percentage_point_of_the_best_of_both(score: Score) -> None:
    """At seeds 0, 2 and 3 the plain network comes near its own best alone."""
    best = best_of(score())
    # 0.971 - 0.961 is 0.010, 0.971 - 0.9609 is more
    assert best.usable["treatment"] == dict.fromkeys(range(4), (0.001, 0.01))
    assert best.usable["baseline"] == {0: (), 1: (0.001, 0.01), 2: (), 3: ()}


def test_it_is_the_same_whatever_the_metric_that_chooses(score: Score) -> None:
    """By the gap between training and validation, 0 in every run, all would be usable."""
    assert best_of(score("[accuracy_gap]")).usable["treatment"] == dict.fromkeys(
        range(4), (0.001, 0.01)
    )


def test_a_point_at_which_the_run_diverged_is_not_usable(
    score: Score, diverged: dict[str, Any]
) -> None:
    """Not even where the seed's best is no better."""
    broken = {(f"batch_norm@{point}", 0): diverged for point in POINTS}
    usable = best_of(score(manifests=broken)).usable
    assert usable["treatment"] == {0: (), **dict.fromkeys((1, 2, 3), (0.001, 0.01))}


def test_where_lower_is_better_the_lowest_mean_is_best(score: Score) -> None:
    best = best_of(score("[area_under_error, validation_accuracy@last]"))
    assert (best.treatment, best.baseline) == ("batch_norm@0.001", "plain@0.001")
    assert [one.metric.text for one in best.findings] == [
        "area_under_error",
        "validation_accuracy@last",
    ]


def test_without_every_tuning_run_nothing_is_chosen(score: Score) -> None:
    findings = score(left_out=("plain@0.1", 1))
    assert findings.best == ()
    assert len(findings.missing) == 1


def test_a_fresh_run_that_is_missing_is_left_out_of_the_pairs(score: Score) -> None:
    (finding,) = best_of(score(left_out=("plain@0.001", 3))).findings
    assert finding.n == 1


def test_without_fresh_seeds_a_point_is_chosen_but_not_scored(score: Score) -> None:
    (finding,) = best_of(score(seeds=2)).findings
    assert (finding.n, finding.contrast) == (0, None)


def test_it_is_adjusted_with_the_studys_other_confirmatory_p_values(score: Score) -> None:
    metrics = "[validation_accuracy@last, area_under_error]"
    findings = best_of(score(metrics, family="confirmatory")).findings
    assert [(one.p, one.p_adjusted, one.adjusted_by) for one in findings] == [
        (0.5, 1.0, "Holm"),
        (0.5, 1.0, "Holm"),
    ]


SPEED_AND_LEVEL = """\
seeds: 4
experiments:
  plain:
    config: plain.yaml
    grid: {training.optimizer.learning_rate: [0.001, 0.01, 0.1]}
  batch_norm:
    config: batch_norm.yaml
    grid: {training.optimizer.learning_rate: [0.001, 0.01, 0.1]}
contrasts:
  level: {treatment: batch_norm, baseline: plain, tuning_seeds: 3, metrics: [test_accuracy]}
  speed: {treatment: batch_norm, baseline: plain, tuning_seeds: 3, metrics: [area_under_error]}
  sooner: {treatment: batch_norm, baseline: plain, tuning_seeds: 3,
    metrics: [epochs_to_accuracy@0.95]}
"""
# Accuracies after the two epochs, by point, of the three tuning seeds and the fresh one.
SLOW_AND_HIGH = [[0.80, 0.97]] * 4  # mean error 0.115; 0.95 after 1 + 15 / 17 epochs
FAST_AND_LOW = [[0.95, 0.96]] * 4  # mean error 0.045; 0.95 after 1 epoch
ONCE_SOON = [[0.96, 0.97], [0.94, 0.94], [0.94, 0.94], [0.9, 0.9]]  # 1, never, never
NEVER = [[0.90, 0.94]] * 4


def chosen(
    load: Load, make_runs: MakeRuns, results: Path, plain: Sequence[Sequence[Sequence[float]]]
) -> dict[str, str]:
    """Give the baseline's point by contrast; the treatment's three points never reach 0.95."""
    study = load(SPEED_AND_LEVEL)
    for arm, curves in (("plain", plain), ("batch_norm", [NEVER] * 3)):
        for point, by_seed in zip(POINTS, curves, strict=True):
            make_runs(study, f"{arm}@{point}", dict(enumerate(by_seed)))
    best = find(study, results).best
    assert [one.treatment for one in best] == ["batch_norm@0.001"] * 3  # ties, of infinities too
    return {one.name: one.baseline.partition("@")[2] for one in best}


def test_speed_and_level_choose_points_of_their_own(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    points = chosen(load, make_runs, results, [NEVER, SLOW_AND_HIGH, FAST_AND_LOW])
    assert points == {"level": "0.01", "speed": "0.1", "sooner": "0.1"}


def test_a_point_that_arrives_at_most_tuning_seeds_beats_one_that_rarely_does(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    mostly = [*SLOW_AND_HIGH[:2], [0.9, 0.9], [0.9, 0.9]]  # the mean is infinite, too
    points = chosen(load, make_runs, results, [NEVER, ONCE_SOON, mostly])
    assert points["sooner"] == "0.1"


def test_where_no_point_arrives_the_first_is_taken(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    assert chosen(load, make_runs, results, [NEVER] * 3)["sooner"] == "0.001"
