"""What the terminal calls things: folders by name, experiments by short labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bnbench.cli.labels import short_labels
from bnbench.cli.names import (
    complete_experiment,
    complete_run,
    complete_setting,
    complete_study,
    run_folder,
)
from bnbench.cli.terminal import show, table
from bnbench.errors import BnbenchError


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in ("lenet5/seed-0", "published/mlp/seed-1"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}", encoding="utf-8")
    return tmp_path


def test_a_folder_of_runs_is_found_by_path_and_by_name(results: Path) -> None:
    for name in ("lenet5", "lenet5/seed-0", "published/mlp"):
        assert run_folder(name, results) == results / name
        assert run_folder(results / name, Path("elsewhere")) == results / name


def test_a_folder_here_that_holds_no_run_hides_none(
    results: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path_factory.mktemp("here")
    (here / "lenet5/images").mkdir(parents=True)
    monkeypatch.chdir(here)
    assert run_folder("lenet5", results) == results / "lenet5"
    assert run_folder("lenet5", Path("elsewhere")) == Path("lenet5")


@pytest.mark.parametrize(
    ("name", "nearest"), [("lenet", "lenet5"), ("lenet5/seed-1", "lenet5/seed-0")]
)
def test_the_nearest_folder_is_named(results: Path, name: str, nearest: str) -> None:
    with pytest.raises(BnbenchError, match=f"did you mean '{nearest}'"):
        run_folder(name, results)


def test_of_many_experiments_none_is_listed(results: Path) -> None:
    """The reference has 358 of them."""
    for number in range(9):  # eleven in all
        run = results / f"other-{number}/seed-0"
        run.mkdir(parents=True)
        (run / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(BnbenchError) as caught:
        run_folder("z", results)
    assert str(caught.value).endswith(f"; `bnbench list {results}` lists those there are")


@pytest.mark.parametrize(
    ("names", "shared", "labels"),
    [
        (["a", "b"], "", ["a", "b"]),
        (["a@training.epochs=1"], "", ["a · epochs 1"]),
        (
            ["a@training.epochs=1", "b@training.epochs=1,training.optimizer.learning_rate=0.1"],
            "epochs 1",
            ["a", "b · learning rate 0.1"],
        ),
        (["rates_small/plain@4", "rates_small/plain@8"], "",
         ["rates_small/plain@4", "rates_small/plain@8"]),
    ],
)  # fmt: skip
def test_shared_overrides_are_said_once(names: list[str], shared: str, labels: list[str]) -> None:
    assert short_labels(names) == (shared, dict(zip(names, labels, strict=True)))


def test_a_shell_completes_names_and_keys(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bnbench.cli.names.RESULTS", results)
    assert complete_run("lenet") == ["lenet5", "lenet5/seed-0"]
    assert complete_experiment("published/m") == ["published/mlp", "published/mlp_batchnorm"]
    assert complete_study("head") == ["headline"]
    assert complete_setting("training.optimizer.l") == ["training.optimizer.learning_rate="]


def test_a_table_for_programs_is_its_rows(capsys: pytest.CaptureFixture[str]) -> None:
    show(table(("name", "n"), [("[b]a", "1"), ("–", "2")]), as_json=True)
    assert json.loads(capsys.readouterr().out) == [
        {"name": "[b]a", "n": "1"}, {"name": "–", "n": "2"},
    ]  # fmt: skip
