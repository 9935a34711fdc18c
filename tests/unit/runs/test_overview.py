"""What `bnbench list` tells of manifests that were written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.errors import BnbenchError
from bnbench.runs.overview import ListedExperiment, look_over
from tests.invoke import invoke
from tests.manifests import a_manifest, write_manifest

GPU = {"processor": "none", "device": "cuda (an H200)", "threads": 1}


def test_an_experiment_is_the_sum_of_its_runs(tmp_path: Path) -> None:
    """Means and maxima by hand; only complete runs count for the accuracy."""
    one, two, three = (
        {"epochs": epochs, "validation_accuracy": accuracy}
        for epochs, accuracy in ((3, 0.5), (3, 0.75), (4, 1.0))
    )
    folder = tmp_path / "many/plain@2"
    write_manifest(folder, 10, final=one, ended="2026-11-20T10:09:00+00:00")
    write_manifest(folder, 9, final=two, ended="2026-11-20T09:59:00+00:00")
    write_manifest(folder, 2, "diverged", final=three, machine=GPU)
    write_manifest(folder, 0, "interrupted")
    write_manifest(tmp_path / "alone", 0, "running")
    alone, together = look_over(tmp_path).experiments
    assert alone == ListedExperiment("alone", (0,), {"running": 1}, 0, None, None, ("cpu",), None)
    assert together == ListedExperiment(
        experiment="many/plain@2",
        seeds=(0, 2, 9, 10),
        statuses={"complete": 2, "diverged": 1, "interrupted": 1},
        failed=1,
        epochs=4,
        validation_accuracy=0.625,
        devices=("cpu", "cuda (an H200)"),
        ended="2026-11-20T10:09:00+00:00",
    )


@pytest.mark.parametrize(
    ("final", "failed"),
    [
        ({"validation_loss": 1e31, "validation_accuracy": 0.26}, True),
        ({"validation_loss": 217.0, "validation_accuracy": 0.26}, False),
        ({"validation_loss": 2.3, "validation_accuracy": 0.2021}, True),
        ({"validation_loss": 2.3, "validation_accuracy": 0.2022}, False),
    ],
)
def test_a_training_that_came_to_nothing(
    tmp_path: Path, final: dict[str, float], failed: bool
) -> None:
    """It is complete, as every step was done; but it has failed."""
    write_manifest(tmp_path / "a", 0, final={"epochs": 1} | final)
    (run,) = look_over(tmp_path).runs
    assert (run.status, run.failed) == ("complete", failed)


@pytest.mark.parametrize(
    ("commonest", "accuracy", "failed"),
    [(0.6, 0.6, True), (0.6, 0.63, True), (0.6, 0.65, False), (1.0, 1.0, False)],
)
def test_naming_the_commonest_class_comes_to_nothing(
    tmp_path: Path, commonest: float, accuracy: float, failed: bool
) -> None:
    """Where all validation images are of one class, a right answer to each tells nothing."""
    dataset = a_manifest().content()["dataset"] | {"classes": 3, "commonest_class": commonest}
    final = {"epochs": 1, "validation_loss": 1.1, "validation_accuracy": accuracy}
    write_manifest(tmp_path / "a", 0, final=final, dataset=dataset)
    (run,) = look_over(tmp_path).runs
    assert run.failed is failed


def test_copies_of_an_experiment_stay_apart(tmp_path: Path) -> None:
    write_manifest(tmp_path / "some", 0)
    write_manifest(tmp_path / "archive/runs/some", 0)
    names = [one.experiment for one in look_over(tmp_path).experiments]
    assert names == ["archive/runs/some", "some"]


def test_what_a_report_keeps_is_listed_only_where_it_is_asked_for(tmp_path: Path) -> None:
    """A fresh clone has the reference's runs below the folder of one's own."""
    write_manifest(tmp_path / "mine", 0)
    write_manifest(tmp_path / "reference/runs/theirs", 0)
    (tmp_path / "reference/report.html").touch()
    assert [one.experiment for one in look_over(tmp_path).experiments] == ["mine"]
    reference = look_over(tmp_path / "reference").experiments
    assert [one.experiment for one in reference] == ["runs/theirs"]


@pytest.mark.parametrize("below", ["", "seed-3"])
def test_the_folder_of_an_experiment_or_of_a_run(tmp_path: Path, below: str) -> None:
    path = write_manifest(tmp_path / "folder", 3)
    (run,) = look_over(tmp_path / "folder" / below).runs
    assert (run.path, run.experiment, run.seed) == (str(path.parent), "some", 3)


def test_what_bnbench_does_not_write_is_a_problem(tmp_path: Path) -> None:
    write_manifest(tmp_path / "sound", 0)
    path = write_manifest(tmp_path / "odd", 0, status="done")
    overview = look_over(tmp_path)
    assert [run.experiment for run in overview.runs] == ["sound"]
    (problem,) = overview.problems
    assert problem.startswith(f"{path}: status: ")


def test_a_folder_without_one_readable_manifest(tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(BnbenchError, match=f"^{folder}: "):
            look_over(folder)
    paths = [write_manifest(tmp_path, seed) for seed in (0, 1)]
    for path in paths:
        path.write_text("{", encoding="utf-8")
    with pytest.raises(BnbenchError) as raised:
        look_over(tmp_path)
    assert [line.partition(": ")[0] for line in str(raised.value).splitlines()] == [
        *map(str, paths)
    ]


def test_runs_of_several_configurations_have_no_mean(tmp_path: Path) -> None:
    for seed, configuration in enumerate("aab"):
        final = {"epochs": 1, "validation_accuracy": 0.5}
        write_manifest(tmp_path / "a", seed, final=final, configuration_hash=64 * configuration)
    (found,) = look_over(tmp_path).experiments
    assert (found.configurations, found.validation_accuracy) == (2, None)
    done = invoke("list", tmp_path)
    assert "3 complete, of 2 configurations" in " ".join(done.stdout.split())
