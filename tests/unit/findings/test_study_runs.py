"""Which runs take part in a study, which are missing, and which are refused, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bnbench.config import Study
from bnbench.errors import BnbenchError
from bnbench.findings import read_study
from bnbench.findings.published import read_published
from bnbench.runs import Run
from tests.edits import edit_text
from tests.unit.findings.conftest import Load, MakeRuns

TWO = """\
seeds: 2
experiments:
  plain: {config: plain.yaml}
  again: {config: plain.yaml}
  fast: {config: plain.yaml, overrides: {training.optimizer: {name: adam, learning_rate: 0.1}}}
"""
CURVES = {0: [0.9, 0.95], 1: [0.91, 0.96]}


@pytest.fixture
def study(load: Load) -> Study:
    return load(TWO)


def test_two_labels_of_one_configuration_share_its_runs(
    study: Study, make_runs: MakeRuns, results: Path
) -> None:
    make_runs(study, "plain", CURVES)
    make_runs(study, "fast", CURVES)
    runs = read_study(study, results)
    assert {label: list(arm.runs) for label, arm in runs.arms.items()} == {
        "plain": [0, 1],
        "again": [0, 1],
        "fast": [0, 1],
    }
    assert runs.arms["plain"].runs is runs.arms["again"].runs
    assert len(runs.runs) == 4
    assert runs.missing == ()


def test_seeds_that_the_study_does_not_name_take_no_part(
    study: Study, make_runs: MakeRuns, results: Path
) -> None:
    make_runs(study, "plain", CURVES | {7: [0.5, 0.5]})
    assert list(read_study(study, results).arms["plain"].runs) == [0, 1]


def test_runs_that_are_not_there_or_not_done_are_missing(
    study: Study, make_runs: MakeRuns, results: Path
) -> None:
    make_runs(study, "plain", {0: [0.9, 0.95]})
    stopped = {"status": "interrupted", "error": "killed"}
    make_runs(study, "plain", {1: [0.9]}, manifest=stopped)
    runs = read_study(study, results)
    assert list(runs.arms["plain"].runs) == [0]
    assert list(map(str, runs.missing)) == [
        "plain, seed 1: left out, its status is interrupted (killed); `bnbench train` finishes it",
        "s/fast, seed 0: missing; `bnbench reproduce` runs it",
        "s/fast, seed 1: missing; `bnbench reproduce` runs it",
    ]


def test_no_results_at_all(study: Study, tmp_path: Path) -> None:
    runs = read_study(study, tmp_path / "nowhere")
    assert runs.runs == []
    assert len(runs.missing) == 4


def test_every_run_that_is_refused_is_named_in_a_line_of_its_own(
    study: Study, make_runs: MakeRuns, results: Path
) -> None:
    first, second = make_runs(study, "plain", CURVES)
    foreign, torn = make_runs(study, "fast", CURVES)
    edit_text(first.epochs, "0.95", "0.99")  # edited
    second.manifest.write_text("a web app")
    _set(foreign, seed=5)
    torn.epochs.write_text(torn.epochs.read_text()[:-3])
    with pytest.raises(BnbenchError) as caught:
        read_study(study, results)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        str(first.epochs),
        str(second.manifest),
        str(foreign.manifest),
        str(torn.epochs),
    ]
    assert f"is of {foreign.path.parts[-3]}/fast, seed 5, not of s/fast, seed 0" in str(
        caught.value
    )


def test_a_run_of_another_configuration_says_in_what(
    load: Load, make_runs: MakeRuns, results: Path, tmp_path: Path
) -> None:
    make_runs(load(TWO), "plain", {0: [0.9, 0.95], 1: [0.9, 0.95]})
    recipe = tmp_path / "plain.yaml"
    edit_text(recipe, "3100", "64")
    changed = load_again(tmp_path)
    with pytest.raises(BnbenchError, match=r"plain/seed-0/config\.yaml: is of another") as caught:
        read_study(changed, results)
    (line,) = caught.value.problems
    assert "(training.batch_size: 3100 there, 64 here)" in line
    assert line.endswith(" (and 1 other file)")


def load_again(folder: Path) -> Study:
    from bnbench.config import load_study

    return load_study(folder / "study.yaml")


def test_runs_from_other_files_of_a_data_set_are_refused(
    study: Study, make_runs: MakeRuns, results: Path
) -> None:
    make_runs(study, "plain", {0: [0.9, 0.95]})
    (other,) = make_runs(study, "plain", {1: [0.9, 0.95]})
    dataset = other.read_manifest().dataset.model_copy(update={"sha256": "1" * 64})
    _set(other, dataset=dataset)
    with pytest.raises(BnbenchError, match=r"dataset.sha256: is not that of .*seed-0"):
        read_study(study, results)


CONTRASTS = (
    TWO
    + """\
contrasts:
  rate: {treatment: fast, baseline: plain, metrics: [test_accuracy]}
  rate_again: {treatment: fast, baseline: plain, metrics: [diverged]}
"""
)


def test_arms_whose_runs_share_no_seed_are_refused_in_one_line(
    load: Load, make_runs: MakeRuns, results: Path
) -> None:
    study = load(CONTRASTS)
    make_runs(study, "plain", {0: [0.9, 0.95]})
    assert len(read_study(study, results).missing) == 3  # the other arm has not been run yet
    make_runs(study, "fast", {1: [0.9, 0.95]})
    with pytest.raises(BnbenchError) as caught:
        read_study(study, results)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{study.path}: contrasts.rate")
    assert "fast has seed 1, plain has seed 0: none is shared" in line
    assert line.endswith(f"run both with the same seeds: bnbench reproduce {study.path}")


def test_an_unfinished_run_makes_no_pair(load: Load, make_runs: MakeRuns, results: Path) -> None:
    """Nor does it make a mixture: what has not finished has not been run."""
    study = load(CONTRASTS)
    make_runs(study, "plain", CURVES)
    make_runs(study, "fast", {1: [0.9]}, manifest={"status": "interrupted"})
    assert read_study(study, results).arms["fast"].runs == {}


def test_a_recipe_with_a_changed_setting_replicates_no_published_run(
    study: Study, results: Path
) -> None:
    arms = read_study(study, results).arms
    assert arms["plain"].published == read_published("lenet5_article", "regular")
    assert arms["fast"].published is None


def _set(run: Run, **changes: Any) -> None:
    run.read_manifest().changed(**changes).write(run.manifest)
