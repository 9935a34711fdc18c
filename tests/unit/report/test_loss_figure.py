"""The figure of the losses: of copies without batches, with the extremes that were published."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bnbench.config import load_study
from bnbench.findings import StudyRuns, findings_of, read_study
from bnbench.report.archive import archive
from bnbench.report.figures import KINDS
from bnbench.report.figures.figure import Source
from bnbench.report.losses import loss_table
from bnbench.report.study_results import experiments_with_losses
from bnbench.runs.losses import write_losses
from bnbench.runs.packed import opened
from bnbench.runs.schedule import schedule
from tests.unit.conftest import MakeRun

CONFIG = """\
experiment: {name}
model: {{name: LeNet5{suffix}}}
published: {{source: lenet5_article, arm: {arm}}}
data: {{split: published}}
training: {{epochs: 2, batch_size: 3100, softmax_before_loss: true}}
"""
STUDY = """\
study: first
question: why
experiments:
  a: {config: batch_norm.yaml, title: batch norm}
  c: {config: plain.yaml, title: plain}
contrasts: {x: {treatment: a, baseline: c, metrics: [validation_accuracy@1]}}
"""


@pytest.fixture
def folder(tmp_path: Path, make_run: MakeRun) -> Path:
    """Two arms of two seeds each."""
    arms = {"plain": ("", "regular"), "batch_norm": ("_BatchNorm", "batch_norm")}
    for name, (suffix, arm) in arms.items():
        content = CONFIG.format(name=name, suffix=suffix, arm=arm)
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    for experiment in load_study(tmp_path / "study.yaml").experiments:
        for seed in (0, 1):
            run = make_run(experiment, seed, [0.9, 0.95])
            write_losses(run, schedule(experiment, run.read_manifest().dataset))
    return tmp_path


def copies(folder: Path) -> StudyRuns:
    """What a study reads of the copies of its runs."""
    archive([folder / "results/plain", folder / "results/batch_norm"], folder)
    return read_study(load_study(folder / "study.yaml", seeds=2), opened(folder / "runs"))


def test_a_recipe_that_a_study_has_changed_is_no_replica(folder: Path, tmp_path: Path) -> None:
    changed = STUDY.replace("title: plain}", "overrides: {training.epochs: 3}}")
    (tmp_path / "study.yaml").write_text(changed, encoding="utf-8")
    assert experiments_with_losses([load_study(tmp_path / "study.yaml")]) == {"batch_norm"}


def test_losses_of_copies(folder: Path) -> None:
    study = load_study(folder / "study.yaml", seeds=2)
    assert experiments_with_losses([study]) == {"plain", "batch_norm"}  # they are replicas
    runs = copies(folder)
    table = loss_table(list(runs.arms.values()))
    assert set(table["kind"]) == {"range", "run", "mean", "published", "floor"}
    batches = pd.concat(
        pd.read_csv(folder / f"results/plain/seed-{seed}/batches.csv").assign(seed=seed)
        for seed in (0, 1)
    )
    batches = batches[(batches["split"] == "validation") & (batches["epoch"] == 2)]
    mine = table.query("experiment == 'plain' and split == 'validation' and epoch == 2")
    span = mine[mine["kind"] == "range"].iloc[0]
    assert (span["lower"], span["upper"]) == pytest.approx(
        (batches["loss"].min(), batches["loss"].max()), rel=1e-6
    )
    extremes = table[table["kind"] == "published"]
    assert {
        (row.experiment, row.split, row.loss) for row in extremes.itertuples()
    } == {
        ("plain", "validation", 1.676),
        ("batch_norm", "train", 1.460),
        ("batch_norm", "validation", 1.461),
        ("batch_norm", "validation", 1.631),
    }  # fmt: skip
    (picture,) = KINDS["losses"].draw(Source(findings_of(runs), pd.DataFrame(), runs))
    for said in ("batch norm, published extremes (one run)", "least and largest loss of a batch"):
        assert said in picture.svg


def test_runs_without_losses_have_no_figure(folder: Path) -> None:
    (folder / "results/plain/seed-1/losses.npz").unlink()
    runs = copies(folder)
    assert not [*KINDS["losses"].draw(Source(findings_of(runs), pd.DataFrame(), runs))]
