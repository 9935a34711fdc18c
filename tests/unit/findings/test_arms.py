from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bnbench.errors import BnbenchError
from bnbench.findings.arms import read_arms
from tests.unit.conftest import MakeRun

CURVE = [0.93, 0.95]


def test_runs_are_grouped_by_experiment_in_the_order_of_seeds(
    make_run: MakeRun, tmp_path: Path
) -> None:
    for seed in (10, 0, 2):
        make_run("plain", seed, CURVE)
        make_run("published/normalized", seed, CURVE)
    results = tmp_path / "results"
    arms, notes = read_arms(
        [
            results / "published" / "normalized",
            results / "plain" / "seed-2",
            results / "plain/seed-0",
        ]
    )
    assert [(arm.label, list(arm.runs)) for arm in arms] == [
        ("published/normalized", [0, 2, 10]),
        ("plain", [0, 2]),
    ]
    assert notes == []
    assert (arms[0].images("train"), arms[0].images("validation")) == (60_000, 10_000)


@pytest.mark.parametrize("status", ["running", "failed", "interrupted"])
def test_unfinished_runs_are_left_out_by_name_and_reason(make_run: MakeRun, status: str) -> None:
    done = make_run("plain", 0, CURVE)
    undone = make_run(
        "plain", 1, CURVE, manifest={"status": status, "error": "OSError: no\nspace left"}
    )
    undone.epochs.unlink()  # not even looked at
    arms, (note,) = read_arms([done.path.parent])
    assert list(arms[0].runs) == [0]
    assert note.startswith("plain, seed 1: ")
    assert f"its status is {status} (OSError: no space left)" in note


def test_an_experiment_without_a_finished_run_is_an_error(make_run: MakeRun) -> None:
    done = make_run("plain", 0, CURVE)
    undone = make_run("normalized", 0, CURVE, manifest={"status": "interrupted"})
    with pytest.raises(BnbenchError, match="no finished run") as caught:
        read_arms([done.path.parent, undone.path.parent])
    (_, line) = str(caught.value).splitlines()
    assert line.startswith("normalized, seed 0: ")


def test_two_configurations_of_one_name(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("plain", 0, CURVE)
    other = make_run(
        "plain", 1, CURVE, results=tmp_path / "other", settings={"training": {"batch_size": 32}}
    )
    with pytest.raises(BnbenchError, match="is another configuration of plain than") as caught:
        read_arms([tmp_path / "results" / "plain", other.path])
    assert str(other.config) in str(caught.value)


def test_one_seed_twice(make_run: MakeRun, tmp_path: Path) -> None:
    first = make_run("plain", 0, CURVE)
    copy = tmp_path / "copy"
    shutil.copytree(first.path, copy)
    with pytest.raises(BnbenchError, match="is seed 0 of plain a second time, after"):
        read_arms([first.path, copy])


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"settings": {"data": {"dataset": "fashion_mnist"}}}, "dataset.name"),
        ({"manifest": {"dataset": {"sha256": "1" * 64}}}, "dataset.sha256"),
        ({"settings": {"data": {"split": "held_out"}}}, "dataset.validation_is_test_file"),
    ],
)
def test_runs_of_different_data_are_not_compared(
    make_run: MakeRun, changes: dict[str, Any], key: str
) -> None:
    plain = make_run("plain", 0, CURVE)
    other = make_run("normalized", 0, CURVE, **changes)
    with pytest.raises(BnbenchError, match=f"{key}: is .*; compare runs of one dataset"):
        read_arms([plain.path, other.path])


def test_a_published_run_of_other_data_is_none_of_this_experiment(make_run: MakeRun) -> None:
    published = {"published": {"source": "lenet5_article", "arm": "regular"}}
    of_mnist = make_run("plain", 0, CURVE, settings=published)
    of_digits = make_run("digits", 0, CURVE, settings=published | {"data": {"dataset": "digits"}})
    (arm,), _ = read_arms([of_mnist.path])
    assert arm.published is not None
    (other,), _ = read_arms([of_digits.path])
    assert other.published is None


def test_an_unknown_published_run_is_named_with_its_place(make_run: MakeRun) -> None:
    run = make_run(
        "plain", 0, CURVE, settings={"published": {"source": "lenet5", "arm": "regular"}}
    )
    with pytest.raises(BnbenchError, match=r"config.yaml:\d+:\d+: published: there is no"):
        read_arms([run.path])
