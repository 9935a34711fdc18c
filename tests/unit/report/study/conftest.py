"""Findings of invented runs: a study's own plan, filled by a law of label, metric and seed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import numpy as np
import pytest

from bnbench.config import Change, Metric, PlannedContrast, Study, load_study
from bnbench.findings.contrasts import compare_levels
from bnbench.findings.results import (
    BestFinding,
    Finding,
    Level,
    Note,
    PublishedPoint,
    RunNote,
    StudyFindings,
    TestPredictions,
)
from bnbench.statistics import mcnemar, summarize, two_level_bootstrap

Law = Callable[[str, Metric, int], float]

HEADLINE = """
study: first
question: {question}
seeds: 6
experiments:
  plain: {{config: {configs}/lenet5.yaml, title: {title}}}
  batch_norm: {{config: {configs}/lenet5_batchnorm.yaml, title: batch norm}}
contrasts:
  corrected:
    treatment: batch_norm
    baseline: plain
    family: confirmatory
    metrics: [validation_accuracy@1, validation_loss@last, epochs_to_accuracy@0.97, diverged]
"""

SWEEP = """
study: rates
question: Which rate?
seeds: 4
experiments:
  plain:
    config: {configs}/lenet5.yaml
    title: plain
    overrides: {{training.optimizer: {{name: sgd}}}}
    grid: {{training.optimizer.learning_rate: [0.001, 0.1, 3], model.dropout: [0.0, 0.5]}}
  batch_norm:
    config: {configs}/lenet5_batchnorm.yaml
    title: batch norm
    overrides: {{training.optimizer: {{name: sgd}}}}
    grid: {{training.optimizer.learning_rate: [0.001, 0.1, 3], model.dropout: [0.0, 0.5]}}
contrasts:
  sgd:
    treatment: batch_norm
    baseline: plain
    metrics: [validation_accuracy@last, diverged]
  best_sgd:
    treatment: batch_norm
    baseline: plain
    tuning_seeds: 2
    metrics: [validation_accuracy@last]
small:
  keeps: most images
  overrides: {{data.train_examples: 1000}}
"""

LADDER = """
study: defects
question: Which defect?
seeds: 3
ladder:
  treatment: batch_norm
  baseline: plain
  overrides: {{data.scaling: z_score, data.resize: pad, data.split: held_out,
    training.epoch_loss: mean_of_examples, training.evaluate_every: null, training.shuffle: true,
    training.drop_last: false}}
  arms:
    plain: {{published: {configs}/published/lenet5.yaml, corrected: {configs}/lenet5.yaml}}
    batch_norm:
      published: {configs}/published/lenet5_batchnorm.yaml
      corrected: {configs}/lenet5_batchnorm.yaml
      title: batch norm
  switches:
    softmax: {{says: softmax before the loss, keys: [training.softmax_before_loss]}}
    placement:
      says: batch norm after the activation
      keys: [model.batch_norm.placement]
      arms: [batch_norm]
    mode:
      says: evaluation mode
      keys: [training.mode_after_first_epoch]
  metrics: [validation_accuracy@1, validation_accuracy@last]
"""


NASTY = "<script>alert('x')</script> | `a` $b \\frac{$"


def load(text: str, path: Path, root: Path, *, small: bool = False, **words: str) -> Study:
    """Load a study from its text; words go in quoted."""
    known = {"question": "Does it help?", "title": "plain", **words}
    quoted = {name: json.dumps(word) for name, word in known.items()}
    path.write_text(text.format(configs=root / "configs", **quoted), encoding="utf-8")
    return load_study(path, small=small)


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies") / "study.yaml"


@pytest.fixture(scope="session")
def headline(path: Path, root: Path) -> StudyFindings:
    return construct(load(HEADLINE, path, root), law, published=["plain"])


@pytest.fixture(scope="session")
def nasty(path: Path, root: Path) -> StudyFindings:
    """The same with an arm's title, the question and a note that look like markup."""
    study = load(HEADLINE, path, root, question=NASTY, title=NASTY)
    found = construct(study, law, published=["plain"])
    return dataclasses.replace(found, missing=(RunNote(NASTY, 9, "not run"),))


@pytest.fixture(scope="session")
def sweep(path: Path, root: Path) -> StudyFindings:
    return construct(load(SWEEP, path, root, small=True), law)


@pytest.fixture(scope="session")
def ladder(path: Path, root: Path) -> StudyFindings:
    return construct(load(LADDER, path, root), law)


def law(label: str, metric: Metric, seed: int) -> float:
    """Invent a value: batch norm is 1 pp and one epoch ahead, and every number has decimals."""
    ahead = "batch_norm" in label
    noise = math.sin(97 * seed + sum(map(ord, label)) + len(metric.text)) / 1000
    if metric.quantity.kind == "share":
        return float("@3" in label and not ahead)
    if metric.quantity.kind == "time":
        return math.inf if seed == 5 and not ahead else 3 - ahead + 100 * noise
    if metric.quantity.unit == "pp":
        return 0.97 + ahead / 100 + noise
    return 0.1 - ahead / 50 + noise


def construct(study: Study, value: Law, *, published: Collection[str] = ()) -> StudyFindings:
    """Fill a study's plan with values; every number comes from `bnbench.statistics`."""

    def filled(plan: Iterable[PlannedContrast | Change]) -> Iterable[Finding]:
        return (_finding(study, one, metric, value) for one in plan for metric in one.metrics)

    return StudyFindings(
        study=study,
        contrasts=tuple(filled(study.contrasts)),
        best=tuple(_best(study, value)),
        changes=tuple(filled(study.changes)),
        published=tuple(_points(published)),
        missing=(RunNote("plain", 9, "not run"),) if published else (),
        failed=(),
    )


def _level(study: Study, label: str, metric: Metric, value: Law) -> Level:
    return Level(
        label=label,
        metric=metric,
        values={seed: value(label, metric, seed) for seed in study.seeds},
        failed=study.seeds if "@3" in label and "batch_norm" not in label else (),
        published=0.95 if metric.text == "validation_accuracy@1" else None,
    )


def _finding(
    study: Study, planned: PlannedContrast | Change, metric: Metric, value: Law
) -> Finding:
    """Fill a contrast, or a change, whose sides are leads."""

    def of_side(label: str, of: Metric, seed: int) -> float:
        if isinstance(planned, PlannedContrast):
            return value(label, of, seed)
        pair = {one.name: one for one in (planned.after, planned.before)}[label]
        return value(pair.treatment, of, seed) - value(pair.baseline, of, seed)

    treatment, baseline = (_level(study, label, metric, of_side) for label in planned.labels)
    notes = (Note(("only baseline has seed 9",)),) if planned.confirmatory else ()
    found = compare_levels(study.name, planned, treatment, baseline, notes)
    return dataclasses.replace(
        found,
        published=0.03 if metric.text == "validation_accuracy@1" else None,
        p_adjusted=min(1.0, 2 * found.p),
        adjusted_by="Holm" if planned.confirmatory else "",
    )


def _best(study: Study, value: Law) -> Iterable[BestFinding]:
    for best in study.best:
        planned = PlannedContrast(
            best.name, best.treatment[1], best.baseline[0], best.metrics,
            best.smallest_effect, best.confirmatory,
        )  # fmt: skip
        yield BestFinding(
            name=best.name,
            treatment=planned.treatment,
            baseline=planned.baseline,
            tuning_seeds=study.seeds[: best.tuning_seeds],
            findings=tuple(_finding(study, planned, metric, value) for metric in best.metrics),
            usable={"treatment": {0: (0.001, 0.1), 1: (0.1,)}, "baseline": {0: (), 1: ()}},
        )


def _points(labels: Iterable[str]) -> Iterable[PublishedPoint]:
    """Ten epochs and both splits of each label; the first epoch's value lies outside."""
    for label in labels:
        for split in ("train", "validation"):
            for epoch in range(1, 11):
                summary = summarize([0.95 + epoch / 500 + step / 1000 for step in (-1, 0, 1)])
                published = summary.mean if epoch > 1 else 0.9
                yield PublishedPoint(label, split, epoch, published, summary)


def predictions_of(study: Study) -> TestPredictions:
    rng = np.random.default_rng(0)
    right = {arm: rng.random((3, 200)) < share for arm, share in (("a", 0.9), ("b", 0.8))}
    per_seed = {
        seed: mcnemar(right["a"][seed], right["b"][seed], np.ones(200)) for seed in range(3)
    }
    two_level = two_level_bootstrap(right["a"], right["b"], seed=0, resamples=200)
    return TestPredictions(study.contrasts[0].name, per_seed, two_level)
