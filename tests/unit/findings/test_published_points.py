"""The published curves' vertices against the re-runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from bnbench.findings import find
from tests.unit.findings.conftest import Load, MakeRuns

STUDY = """\
seeds: 3
experiments:
  plain: {config: plain.yaml}
  again: {config: plain.yaml}
  changed: {config: plain.yaml, overrides: {data.scaling: unit}}
  batch_norm: {config: batch_norm.yaml}
"""
# The article: 0.930 and 0.951 on validation, 0.923 and 0.947 in training.
VALIDATION = {0: [0.95, 0.951], 1: [0.95, 0.953], 2: [0.95, 0.946]}


def test_every_epoch_of_both_splits_of_each_replica_once(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    study = load(STUDY)
    make_runs(study, "plain", VALIDATION)
    make_runs(study, "changed", VALIDATION)
    points = find(study, results).published
    assert [(point.split, point.epoch, point.published) for point in points] == [
        ("train", 1, 0.923),
        ("train", 2, 0.947),
        ("validation", 1, 0.930),
        ("validation", 2, 0.951),
    ]
    first, second = points[2:]
    assert first.summary.prediction.low == pytest.approx(0.95 - 0.0005)  # the reading error alone
    assert not first.inside
    values = [curve[1] for curve in VALIDATION.values()]
    half = stats.t.ppf(0.975, 2) * stats.tstd(values) * math.sqrt(1 + 1 / 3)
    assert second.summary.prediction.high == pytest.approx(0.95 + half + 0.0005)
    assert second.inside


def test_one_run_predicts_nothing(load: Load, make_runs: MakeRuns, results: Path) -> None:
    study = load(STUDY)
    make_runs(study, "plain", {0: VALIDATION[0]})
    assert find(study, results).published == ()


def test_a_diverged_run_counts_at_chance(
    load: Load, make_runs: MakeRuns, results: Path, diverged: dict[str, Any]
) -> None:
    study = load(STUDY)
    make_runs(study, "plain", {0: [0.95, 0.951]})
    make_runs(study, "plain", {1: [0.95]}, manifest=diverged)
    last = find(study, results).published[-1]
    assert last.summary.minimum == 0.1135
    assert last.inside  # an interval that holds anything
