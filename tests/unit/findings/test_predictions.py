"""Answers image by image: five test images, of the digits 1, 1, 1, 0 and 2."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings import read_study
from bnbench.findings.predictions import compare_predictions
from bnbench.runs import Run
from tests.unit.findings.conftest import Load, MakeRuns

Write = Callable[..., Run]

STUDY = """\
seeds: 2
experiments:
  plain: {{config: plain.yaml, overrides: {{data.split: {split}}}}}
  batch_norm: {{config: batch_norm.yaml, overrides: {{data.split: {split}}}}}
contrasts:
  answers:
    treatment: batch_norm
    baseline: plain
    metrics: [{metric}]
"""
LABELS = [1, 1, 1, 0, 2]
HELD_OUT = {"validation_is_test_file": False, "validation_examples": 5_000, "test_examples": 5}


@pytest.fixture
def study(load: Load) -> Study:
    return load(STUDY.format(split="held_out", metric="test_accuracy"))


@pytest.fixture
def write(make_runs: MakeRuns) -> Write:
    def write(
        study: Study, label: str, seed: int, answers: Sequence[int], labels: Sequence[int] = LABELS
    ) -> Run:
        accuracy = np.mean(np.equal(labels, answers))
        manifest = {"dataset": HELD_OUT, "final": {"test_accuracy": float(accuracy)}}
        (run,) = make_runs(study, label, {seed: [0.9, 0.95]}, manifest=manifest)
        np.save(run.predictions, np.array([labels, answers], dtype=np.uint8))
        return run

    return write


def test_answers_seed_by_seed_and_over_seeds(study: Study, write: Write, results: Path) -> None:
    write(study, "batch_norm", 0, [1, 1, 1, 0, 0])  # right, right, right, right, wrong
    write(study, "plain", 0, [1, 0, 0, 1, 2])  #      right, wrong, wrong, wrong, right
    write(study, "batch_norm", 1, LABELS)
    write(study, "plain", 1, [1, 1, 1, 0, 0])
    (one,) = compare_predictions(read_study(study, results))
    assert one.contrast == "answers"
    assert {
        seed: (test.only_treatment_right, test.only_baseline_right)
        for seed, test in one.per_seed.items()
    } == {0: (3, 1), 1: (1, 0)}
    assert one.per_seed[0].p == pytest.approx(2 * (1 + 4) / 2**4)
    assert (one.two_level.n_seeds, one.two_level.n_images) == (2, 5)
    assert one.two_level.accuracy_difference == pytest.approx((3 - 1 + 1 - 0) / 10)
    again = compare_predictions(read_study(study, results))
    assert again == [one]  # the bootstrap is seeded


def test_seeds_whose_answers_were_not_kept_are_left_out(
    study: Study, write: Write, results: Path
) -> None:
    for seed in (0, 1):
        write(study, "batch_norm", seed, LABELS)
        run = write(study, "plain", seed, LABELS)
    run.predictions.unlink()
    (one,) = compare_predictions(read_study(study, results))
    assert list(one.per_seed) == [0]


def test_no_answers_kept(study: Study, write: Write, results: Path) -> None:
    write(study, "batch_norm", 0, LABELS).predictions.unlink()
    write(study, "plain", 0, LABELS)
    assert compare_predictions(read_study(study, results)) == []


def test_a_diverged_run_answers_the_commonest_digit(
    study: Study, write: Write, make_runs: MakeRuns, results: Path, diverged: dict[str, Any]
) -> None:
    manifest = diverged | {"dataset": HELD_OUT}
    make_runs(study, "batch_norm", {0: [0.9]}, manifest=manifest)
    write(study, "plain", 0, [0, 1, 1, 0, 2])
    (one,) = compare_predictions(read_study(study, results))
    test = one.per_seed[0]  # right on the three ones
    assert (test.only_treatment_right, test.only_baseline_right) == (1, 2)


def test_only_diverged_runs_have_no_labels(
    study: Study, make_runs: MakeRuns, results: Path, diverged: dict[str, Any]
) -> None:
    manifest = diverged | {"dataset": HELD_OUT}
    for label in ("batch_norm", "plain"):
        make_runs(study, label, {0: [0.9]}, manifest=manifest)
    assert compare_predictions(read_study(study, results)) == []


def test_labels_of_other_images_are_refused(study: Study, write: Write, results: Path) -> None:
    write(study, "batch_norm", 0, LABELS)
    write(study, "plain", 0, LABELS, labels=[1, 1, 0, 1, 2])
    with pytest.raises(BnbenchError, match=r"plain.*npy: has other labels than .*batch_norm"):
        compare_predictions(read_study(study, results))


def test_an_edited_file_is_refused(study: Study, write: Write, results: Path) -> None:
    write(study, "batch_norm", 0, LABELS)
    run = write(study, "plain", 0, LABELS)
    np.save(run.predictions, np.array([LABELS, [0, 0, 0, 0, 0]], dtype=np.uint8))
    with pytest.raises(BnbenchError, match=f"^{re.escape(str(run.predictions))}: 0.2 are right"):
        compare_predictions(read_study(study, results))


@pytest.mark.parametrize(
    ("split", "metric", "compared"),
    [
        ("published", "validation_accuracy@last", True),
        ("published", "validation_accuracy@1", False),
        ("held_out", "validation_accuracy@last", False),
    ],
)
def test_validation_counts_only_where_it_is_the_test_file(
    load: Load, make_runs: MakeRuns, results: Path, split: str, metric: str, compared: bool
) -> None:
    study = load(STUDY.format(split=split, metric=metric))
    is_test = split == "published"
    dataset = HELD_OUT | {"validation_is_test_file": is_test, "validation_examples": 5}
    for label in ("batch_norm", "plain"):
        manifest = {"dataset": dataset, "final": {"test_accuracy": 0.8}}
        (run,) = make_runs(study, label, {0: [0.6, 0.8]}, manifest=manifest)
        np.save(run.predictions, np.array([LABELS, [1, 1, 1, 0, 0]], dtype=np.uint8))
    assert bool(compare_predictions(read_study(study, results))) is compared
