"""A study's findings as a whole, and its tables."""

from __future__ import annotations

import math
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bnbench.config import Study
from bnbench.findings import contrasts_table, find, findings_of, read_study, values_table
from bnbench.findings.results import RunNote
from tests.unit.findings.conftest import Load, MakeRuns

STUDY = """\
seeds: 3
experiments:
  plain: {config: plain.yaml}
  batch_norm: {config: batch_norm.yaml}
contrasts:
  speed:
    treatment: batch_norm
    baseline: plain
    family: confirmatory
    metrics: [validation_accuracy@last, epochs_to_accuracy@0.94, diverged]
"""


@pytest.fixture
def study(load: Load, make_runs: MakeRuns, diverged: dict[str, Any]) -> Study:
    study = load(STUDY)
    make_runs(study, "plain", {0: [0.92, 0.96], 1: [0.92, 0.96], 2: [0.92, 0.1]})
    make_runs(study, "batch_norm", {0: [0.94, 0.98]})
    make_runs(study, "batch_norm", {1: [0.94]}, manifest=diverged)
    return study


def test_what_is_missing_and_what_failed(
    study: Study, diverged: dict[str, Any], results: Path
) -> None:
    found = find(study, results)
    assert found.study is study
    (missing,) = found.missing
    assert (missing.experiment, missing.seed) == ("batch_norm", 2)
    assert found.failed == (
        RunNote("plain", 2, "ended near chance"),
        RunNote("batch_norm", 1, f"diverged after epoch 1 ({diverged['error']})"),
    )


def test_confirmatory_findings_are_adjusted(study: Study, results: Path) -> None:
    level, time, share = find(study, results).contrasts
    assert [one.adjusted_by for one in (level, time, share)] == ["Holm", "Holm", ""]
    assert (level.p, level.p_adjusted) == (1.0, 1.0)  # +0.02 and -0.8465: either sign is as far


def test_twice_the_same(study: Study, results: Path) -> None:
    runs = read_study(study, results)
    tables = [contrasts_table(findings_of(runs).all).to_csv() for _ in range(2)]
    assert tables[0] == tables[1]


def test_values_of_every_run(study: Study, results: Path) -> None:
    table = values_table(read_study(study, results))
    assert list(table.columns) == [
        "study", "label", "experiment", "seed", "metric", "value", "failed",
    ]  # fmt: skip
    assert len(table) == 5 * 3
    level = table[table["metric"] == "validation_accuracy@last"].set_index(["label", "seed"])
    assert level["value"].to_dict() == {
        ("plain", 0): 0.96,
        ("plain", 1): 0.96,
        ("plain", 2): 0.1,
        ("batch_norm", 0): 0.98,
        ("batch_norm", 1): 0.1135,
    }
    assert level.index[level["failed"]].tolist() == [("plain", 2), ("batch_norm", 1)]
    time = table[table["metric"] == "epochs_to_accuracy@0.94"].set_index(["label", "seed"])
    assert time.loc[("batch_norm", 1), "value"] == math.inf


def test_a_row_a_finding(study: Study, results: Path) -> None:
    table = contrasts_table(find(study, results).all)
    assert table["metric"].tolist() == [
        "validation_accuracy@last", "epochs_to_accuracy@0.94", "diverged",
    ]  # fmt: skip
    level, time, share = (row for _, row in table.iterrows())
    assert level["treatment_mean"] == pytest.approx((0.98 + 0.1135) / 2)
    assert level["paired_mean_difference"] == pytest.approx((0.02 - 0.8465) / 2)
    assert (level["n"], level["treatment_failed"], level["baseline_n"]) == (2, 1, 3)
    assert level["published"] == 0.022
    assert level["notes"].startswith("only plain has seed 2")
    assert math.isnan(level["speed_up_ratio"])
    assert time["speed_up_ratio"] == 0.0  # half of the treatment's runs never arrive
    assert time["baseline_median"] == pytest.approx(1.5)
    assert share["baseline_mean"] == pytest.approx(1 / 3)
    again = pd.read_csv(StringIO(table.to_csv(index=False)))
    assert again["paired_t_interval_low"].tolist()[0] == level["paired_t_interval_low"]


def test_nothing_has_been_run(load: Load, tmp_path: Path) -> None:
    found = find(load(STUDY), tmp_path / "nowhere")
    assert [one.n for one in found.contrasts] == [0, 0, 0]
    assert len(found.missing) == 6
    assert (found.published, found.failed) == ((), ())


def test_every_study_that_there_is_has_findings(
    studies: dict[str, Study], small_studies: list[Study], tmp_path: Path
) -> None:
    for study in (*studies.values(), *small_studies):
        found = find(study, tmp_path)
        assert len(found.missing) == len(found.study.experiments) * len(found.study.seeds)
        assert contrasts_table(found.all)["p"].isna().all() if found.contrasts else found.changes
