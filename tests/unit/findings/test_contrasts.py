"""Contrasts of constructed runs; what is expected is computed by hand or by SciPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bnbench.errors import BnbenchError
from bnbench.findings import Finding, contrasts_table, find
from tests.unit.findings.conftest import Load, MakeRuns

Curves = Mapping[int, Sequence[float]]
Compare = Callable[..., Finding]

STUDY = """\
seeds: 4
experiments:
  plain: {{config: plain.yaml, overrides: {plain}}}
  batch_norm: {{config: batch_norm.yaml, overrides: {batch_norm}}}
contrasts:
  speed:
    treatment: batch_norm
    baseline: plain
    metrics: [{metric}]
    smallest_effect: 0.02
"""


@pytest.fixture
def compare(load: Load, make_runs: MakeRuns, results: Path) -> Compare:
    def compare(
        metric: str,
        batch_norm: Curves,
        plain: Curves,
        *,
        changed: Mapping[str, str] | None = None,
        manifests: Mapping[tuple[str, int], dict[str, Any]] | None = None,
    ) -> Finding:
        """Write both arms' runs, some (by label and seed) with a manifest, and compare them."""
        overrides = {"plain": "{}", "batch_norm": "{}"} | dict(changed or {})
        study = load(STUDY.format(metric=metric, **overrides))
        for label, curves in (("plain", plain), ("batch_norm", batch_norm)):
            for seed, curve in curves.items():
                manifest = (manifests or {}).get((label, seed))
                make_runs(study, label, {seed: curve}, manifest=manifest)
        (finding,) = find(study, results).contrasts
        return finding

    return compare


PLAIN = {0: [0.90, 0.95], 1: [0.91, 0.95], 2: [0.92, 0.95], 3: [0.93, 0.95]}
BATCH_NORM = {0: [0.95, 0.95], 1: [0.95, 0.96], 2: [0.95, 0.97], 3: [0.95, 0.98]}


HALF = "at least half of the runs of {} reached the threshold at their first evaluation, or before"


def lines(finding: Finding) -> list[str]:
    return list(map(str, finding.notes))


def test_a_level_seed_by_seed(compare: Compare) -> None:
    finding = compare("validation_accuracy@1", BATCH_NORM, PLAIN)
    differences = [0.05, 0.04, 0.03, 0.02]
    contrast = finding.contrast
    assert contrast is not None
    assert contrast.differences == pytest.approx(differences)
    assert contrast.mean_difference == pytest.approx(0.035)
    half = stats.t.ppf(0.975, 3) * stats.tstd(differences) / 2
    assert contrast.t_interval.low == pytest.approx(0.035 - half)
    assert contrast.effect_of_interest == 0.02
    assert finding.p == finding.p_adjusted == 2 / 2**4
    assert finding.equivalence is not None
    test = stats.ttest_1samp(differences, 0.02, alternative="less")
    assert finding.equivalence.p == pytest.approx(test.pvalue)
    assert (finding.name, finding.group, finding.n) == ("speed", "speed", 4)
    assert finding.speed_up is None
    assert lines(finding) == []


def test_the_levels_of_both_arms(compare: Compare) -> None:
    finding = compare("validation_accuracy@1", BATCH_NORM, PLAIN)
    level = finding.baseline
    assert level.values == {0: 0.90, 1: 0.91, 2: 0.92, 3: 0.93}
    assert level.median == pytest.approx(0.915)
    assert level.summary is not None
    assert level.summary.mean == pytest.approx(0.915)
    assert level.published == 0.930
    half = stats.t.ppf(0.975, 3) * stats.tstd([0.90, 0.91, 0.92, 0.93]) * math.sqrt(1.25)
    assert level.summary.prediction.high == pytest.approx(0.915 + half + 0.0005)


def test_a_published_difference_against_one_further_pair(compare: Compare) -> None:
    finding = compare("validation_accuracy@1", BATCH_NORM, PLAIN)
    assert finding.published == 0.026  # 0.956 - 0.930
    half = stats.t.ppf(0.975, 3) * stats.tstd([0.05, 0.04, 0.03, 0.02]) * math.sqrt(1.25)
    assert finding.prediction is not None
    assert finding.prediction.low == pytest.approx(0.035 - half)  # levels alone are widened
    assert finding.prediction.high == pytest.approx(0.035 + half)


def test_the_last_epoch_is_compared_with_the_same_epoch_of_the_article(compare: Compare) -> None:
    finding = compare("validation_accuracy@last", BATCH_NORM, PLAIN)
    assert (finding.treatment.published, finding.baseline.published) == (0.973, 0.951)
    assert finding.published == 0.022


def test_a_changed_recipe_has_no_published_difference(compare: Compare) -> None:
    changed = {"batch_norm": "{training.batch_size: 64}"}
    finding = compare("validation_accuracy@1", BATCH_NORM, PLAIN, changed=changed)
    assert (finding.treatment.published, finding.published) == (None, None)
    assert finding.baseline.published == 0.930
    half = stats.t.ppf(0.975, 3) * stats.tstd([0.05, 0.04, 0.03, 0.02]) * math.sqrt(1.25)
    assert finding.prediction is not None
    assert finding.prediction.low == pytest.approx(0.035 - half)  # not widened


def test_metrics_that_the_article_does_not_give(compare: Compare) -> None:
    finding = compare("area_under_error", BATCH_NORM, PLAIN)
    assert (finding.treatment.published, finding.published) == (None, None)


def test_ties(compare: Compare) -> None:
    plain = {seed: [0.95, 0.9] for seed in range(4)}
    batch_norm = {0: [0.95, 0.9], 1: [0.95, 0.9], 2: [0.95, 0.9], 3: [0.96, 0.9]}
    finding = compare("validation_accuracy@1", batch_norm, plain)
    assert finding.contrast is not None
    assert finding.contrast.win_probability == pytest.approx((1 + 3 / 2) / 4)
    assert finding.p == 1.0  # one difference, either sign


def test_nothing_differs(compare: Compare) -> None:
    same = {seed: [0.95, 0.9] for seed in range(4)}
    finding = compare("validation_accuracy@1", same, same)
    assert finding.contrast is not None
    assert finding.contrast.mean_difference == 0
    assert math.isnan(finding.p)
    assert math.isnan(finding.p_adjusted)
    assert finding.equivalence is not None
    assert finding.equivalence.equivalent


def test_one_seed(compare: Compare) -> None:
    finding = compare("validation_accuracy@1", {0: [0.95, 0.9]}, {0: [0.9, 0.9]})
    assert finding.n == 1
    assert finding.contrast is not None
    assert finding.contrast.mean_difference == pytest.approx(0.05)
    assert finding.prediction is not None
    assert finding.equivalence is not None
    unknown = (finding.p, finding.contrast.t_interval.low, finding.prediction.low)
    assert all(map(math.isnan, (*unknown, finding.equivalence.p)))
    assert not finding.equivalence.equivalent


def test_a_missing_seed_is_left_out_of_the_pairs_and_said(compare: Compare) -> None:
    plain = {seed: curve for seed, curve in PLAIN.items() if seed != 1}
    finding = compare("validation_accuracy@1", BATCH_NORM, plain)
    assert finding.n == 3
    assert finding.contrast is not None
    assert finding.contrast.differences == pytest.approx([0.05, 0.03, 0.02])
    assert len(finding.treatment.values) == 4
    assert lines(finding) == ["only batch_norm has seed 1, left out of its pairs with plain"]


def test_a_metric_that_is_known_of_no_shared_seed(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    study = load(STUDY.format(metric="steps_to_loss@1", plain="{}", batch_norm="{}"))
    for label, unknown in (("batch_norm", 0), ("plain", 1)):
        make_runs(study, label, {0: [0.9, 0.9], 1: [0.9, 0.9]})[unknown].batches.unlink()
    (finding,) = find(study, results).contrasts
    assert finding.n == 0
    assert finding.speed_up is None
    assert math.isnan(finding.p)
    assert lines(finding) == [
        "not measured for batch_norm, seed 0 (its losses have not been kept)",
        "not measured for plain, seed 1 (its losses have not been kept)",
        "batch_norm and plain have no seed in common of which it is known, so there is no"
        " difference",
    ]


def test_a_metric_of_a_probe_that_gives_no_number(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    probed = "{probes: [{kind: inference, every: 10}]}"
    study = load(STUDY.format(metric="mean_error_slope@last", plain=probed, batch_norm=probed))
    for label in ("batch_norm", "plain"):
        (run,) = make_runs(study, label, {0: [0.9, 0.9]})
        run.probe("inference").parent.mkdir()
        seen = np.full(3, math.nan, np.float32)
        np.savez(run.probe("inference"), step=np.arange(0, 30, 10), mean_error_slope=seen)
    (finding,) = find(study, results).contrasts
    assert lines(finding)[1] == "not measured for plain, seed 0 (its probe gives no number)"


def test_an_arm_without_a_run(compare: Compare) -> None:
    finding = compare("epochs_to_accuracy@0.9", {}, PLAIN)
    assert finding.n == 0
    assert finding.treatment.values == {}
    assert finding.treatment.summary is None
    assert math.isnan(finding.treatment.median)
    assert finding.speed_up is None
    assert lines(finding) == [
        "batch_norm has no finished run",
        HALF.format("plain"),
    ]


def test_one_arm_diverged(compare: Compare, diverged: dict[str, Any]) -> None:
    batch_norm = {0: [0.95, 0.96], 1: [0.95]}
    plain = {0: [0.90, 0.95], 1: [0.91, 0.95]}
    finding = compare(
        "validation_accuracy@last", batch_norm, plain, manifests={("batch_norm", 1): diverged}
    )
    assert finding.treatment.values == {0: 0.96, 1: 0.1135}
    assert (finding.treatment.failed, finding.baseline.failed) == ((1,), ())
    assert finding.contrast is not None
    assert finding.contrast.mean_difference == pytest.approx((0.01 - 0.8365) / 2)


def test_both_arms_diverged(compare: Compare, diverged: dict[str, Any]) -> None:
    curves = {0: [0.9], 1: [0.8]}
    all_ = {(label, seed): diverged for label in ("batch_norm", "plain") for seed in curves}
    finding = compare("validation_loss@last", curves, curves, manifests=all_)
    assert finding.treatment.values == {0: math.log(10), 1: math.log(10)}
    assert finding.contrast is not None
    assert finding.contrast.mean_difference == 0
    assert math.isnan(finding.p)
    assert finding.treatment.failed == finding.baseline.failed == (0, 1)


def test_times_by_medians_and_signs(compare: Compare) -> None:
    finding = compare("epochs_to_accuracy@0.94", BATCH_NORM, PLAIN)
    plain = [1 + 0.04 / 0.05, 1 + 0.03 / 0.04, 1 + 0.02 / 0.03, 1 + 0.01 / 0.02]
    assert list(finding.baseline.values.values()) == pytest.approx(plain)
    assert finding.treatment.median == 1
    assert (finding.treatment.at_first_look, finding.baseline.at_first_look) == (True, False)
    assert any(
        "of batch_norm reached the threshold at their first evaluation" in note
        for note in lines(finding)
    )
    assert finding.baseline.median == pytest.approx((plain[1] + plain[2]) / 2)
    assert finding.treatment.summary is None
    assert finding.speed_up is not None
    assert finding.speed_up.ratio == pytest.approx((plain[1] + plain[2]) / 2)
    assert finding.p == 2 / 2**4  # four wins of four
    assert (finding.contrast, finding.equivalence, finding.prediction) == (None, None, None)
    # The article: 0.956 after epoch 1; 0.930 and 0.951 after 1 and 2.
    assert finding.treatment.published == 1
    assert finding.baseline.published == pytest.approx(1 + 0.010 / 0.021)
    assert finding.published == pytest.approx(-0.010 / 0.021)


def test_a_level_that_one_arm_never_reaches(compare: Compare, diverged: dict[str, Any]) -> None:
    batch_norm = {0: [0.95, 0.96], 1: [0.95, 0.96], 2: [0.955]}
    plain = {0: [0.9, 0.91], 1: [0.9, 0.94], 2: [0.9, 0.91]}
    finding = compare(
        "epochs_to_accuracy@0.95", batch_norm, plain, manifests={("batch_norm", 2): diverged}
    )
    assert finding.treatment.values == {0: 1, 1: 1, 2: math.inf}
    assert finding.speed_up is not None
    assert finding.speed_up.treatment_never == 1
    assert finding.speed_up.baseline_never == 3
    assert finding.speed_up.ratio == math.inf
    assert finding.p == 2 / 2**2  # two wins; never against never is a tie


def test_a_level_that_neither_reaches(compare: Compare) -> None:
    finding = compare("epochs_to_accuracy@0.999", BATCH_NORM, PLAIN)
    assert finding.treatment.median == finding.baseline.median == math.inf
    assert finding.speed_up is not None
    assert math.isnan(finding.speed_up.ratio)
    assert math.isnan(finding.p)
    assert finding.treatment.published == math.inf
    assert finding.published is None


def test_shares_by_the_runs_that_only_one_side_lost(
    compare: Compare, diverged: dict[str, Any]
) -> None:
    batch_norm = {0: [0.95, 0.96], 1: [0.95], 2: [0.9, 0.1], 3: [0.95, 0.96]}
    plain = {0: [0.9, 0.91], 1: [0.9, 0.94], 2: [0.9, 0.91], 3: [0.9, 0.91]}
    finding = compare("diverged", batch_norm, plain, manifests={("batch_norm", 1): diverged})
    assert finding.treatment.values == {0: 0, 1: 1, 2: 1, 3: 0}
    assert finding.treatment.failed == (1, 2)  # at chance is lost, too
    assert finding.treatment.summary is not None
    assert finding.treatment.summary.mean == 0.5
    assert (finding.contrast, finding.speed_up) == (None, None)
    assert finding.p == 2 / 2**2


def test_arms_with_different_epochs(compare: Compare) -> None:
    longer = {seed: [*curve, 0.99] for seed, curve in BATCH_NORM.items()}
    changed = {"batch_norm": "{training.epochs: 3}"}
    finding = compare("validation_accuracy@last", longer, PLAIN, changed=changed)
    assert finding.treatment.values[0] == 0.99
    assert lines(finding) == ["batch_norm has 3 epochs, plain 2"]


def test_an_epoch_that_one_arm_does_not_have(compare: Compare) -> None:
    longer = {seed: [*curve, 0.99] for seed, curve in BATCH_NORM.items()}
    changed = {"batch_norm": "{training.epochs: 3}"}
    with pytest.raises(BnbenchError, match="validation_accuracy@3: plain has 2 epochs; name one"):
        compare("validation_accuracy@3", longer, PLAIN, changed=changed)


@pytest.mark.parametrize(
    ("metric", "noted"),
    [("validation_loss@1", True), ("steps_to_loss@1", True), ("validation_accuracy@1", False)],
)
def test_losses_of_different_kinds(compare: Compare, metric: str, noted: bool) -> None:
    changed = {"plain": "{training.softmax_before_loss: true}"}
    finding = compare(metric, BATCH_NORM, PLAIN, changed=changed)
    said = (
        "a softmax stands in front of only one of the losses of batch_norm and plain: they are of"
    )
    assert lines(finding) == ([f"{said} different kinds"] if noted else [])


def test_arms_with_different_data(compare: Compare) -> None:
    held_out = {"final": {"test_accuracy": 0.9}}
    finding = compare(
        "test_accuracy",
        BATCH_NORM,
        PLAIN,
        changed={"plain": "{data.split: held_out}"},
        manifests={("plain", seed): held_out for seed in PLAIN},
    )
    assert lines(finding) == ["data.split is published in batch_norm, held_out in plain"]


def test_a_metric_that_is_not_known_at_every_seed(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    study = load(STUDY.format(metric="steps_to_loss@1", plain="{}", batch_norm="{}"))
    make_runs(study, "batch_norm", BATCH_NORM)
    runs = make_runs(study, "plain", PLAIN)
    for run in runs[:2]:
        run.batches.unlink()
    (finding,) = find(study, results).contrasts
    assert finding.baseline.values.keys() == {2, 3}
    assert finding.n == 2
    assert lines(finding) == [
        "not measured for plain, seeds 0, 1 (its losses have not been kept)",
        "only batch_norm has seeds 0, 1, left out of its pairs with plain",
    ]


def test_times_without_the_evaluations_within_epochs(compare: Compare) -> None:
    changed = {"plain": "{training.evaluate_every: 5}"}
    finding = compare("epochs_to_accuracy@0.94", {0: BATCH_NORM[0]}, {0: PLAIN[0]}, changed=changed)
    assert lines(finding) == [
        HALF.format("batch_norm"),
        "known only at the ends of the epochs of plain, seed 0 (evaluations.csv is missing)",
        "batch_norm is evaluated after each epoch only, plain every 5 steps, too",
    ]


def test_a_change_is_the_difference_of_two_differences(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    study = load("""\
seeds: 4
experiments:
  plain: {config: plain.yaml}
  bn: {config: batch_norm.yaml}
  plain_fast: {config: plain.yaml, overrides: {training.optimizer.learning_rate: 0.01}}
  bn_fast: {config: batch_norm.yaml, overrides: {training.optimizer.learning_rate: 0.01}}
contrasts:
  slow: {treatment: bn, baseline: plain, metrics: [validation_accuracy@last]}
  fast: {treatment: bn_fast, baseline: plain_fast, metrics: [validation_accuracy@last]}
changes:
  faster:
    after: fast
    before: slow
    family: confirmatory
    metrics: [validation_accuracy@last]
""")
    levels = {
        "plain": [0.90, 0.91, 0.92, 0.93],
        "bn": [0.95, 0.94, 0.96],  # seed 3 has no partner
        "plain_fast": [0.80, 0.82, 0.84, 0.86],
        "bn_fast": [0.90, 0.90, 0.95, 0.93],
    }
    for label, values in levels.items():
        make_runs(study, label, {seed: [0.5, value] for seed, value in enumerate(values)})
    (change,) = find(study, results).changes
    assert change.contrast is not None
    expected = np.array([0.10 - 0.05, 0.08 - 0.03, 0.11 - 0.04])
    assert change.contrast.differences == pytest.approx(expected)
    interval = stats.ttest_1samp(expected, 0).confidence_interval(0.95)
    ends = change.contrast.t_interval
    assert (ends.low, ends.high) == pytest.approx((interval.low, interval.high))
    assert (change.treatment.label, change.baseline.label) == ("fast", "slow")
    assert (change.n, change.adjusted_by) == (3, "Holm")
    assert lines(change) == ["only plain has seed 3, left out of its pairs with bn"]
    table = contrasts_table(find(study, results).all)
    assert table["contrast"].tolist() == ["slow", "fast", "faster"]
