"""What another user may not read is named, and never called absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench import load_experiment, load_model, load_results
from bnbench.cli.doctor import doctor
from bnbench.data import data_folder, find_dataset, raw_folder
from bnbench.errors import BnbenchError
from bnbench.findings.studies_with_runs import studies_with_runs
from bnbench.runs import Run, file_hashes, find_runs
from bnbench.runs.merging import plan_merge
from bnbench.runs.overview import look_over
from tests.closed import closed
from tests.unit.conftest import MakeRun

CLOSED = r": cannot be read \(Permission denied\)"
Read = Callable[[Path], object]


@pytest.fixture
def runs(make_run: MakeRun, public: Path) -> tuple[Run, Run]:
    one, other = (make_run("lenet5", seed, [0.5], results=public) for seed in (0, 1))
    return one, other


def test_a_run_that_cannot_be_read_is_a_problem_of_its_folder(runs: tuple[Run, Run]) -> None:
    results = runs[0].path.parents[1]
    for place in (runs[0].path, runs[0].manifest):
        with closed(place):
            overview = look_over(results)
        assert [run.seed for run in overview.runs] == [1]
        (problem,) = overview.problems
        assert problem.startswith(f"{place}: cannot be read")


@pytest.mark.parametrize("place", ["", "lenet5", "lenet5/seed-0"])
@pytest.mark.parametrize(
    "read",
    [
        lambda results: find_runs([results / "lenet5"]),
        load_results,
        lambda results: plan_merge(results, results / "merged"),
        lambda results: studies_with_runs([Path("configs/studies/headline.yaml")], results),
        lambda results: file_hashes(Run(results / "lenet5/seed-0")),
    ],
    ids=("compare", "tabulate", "merge", "report", "verify"),
)
def test_a_folder_that_cannot_be_read_is_not_called_empty(
    root: Path, runs: tuple[Run, Run], monkeypatch: pytest.MonkeyPatch, read: Read, place: str
) -> None:
    monkeypatch.chdir(root)
    results = runs[0].path.parents[1]
    with closed(results / place), pytest.raises(BnbenchError, match=CLOSED):
        read(results)


def test_a_home_that_is_another_user_s_names_the_ways_out(
    public: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BNBENCH_DATA_DIR", str(public / "home/data"))
    (public / "home").mkdir()
    doctor(public)  # imports, which another user may not read either
    with closed(public / "home"):
        with pytest.raises(BnbenchError, match="--data-dir or BNBENCH_DATA_DIR"):
            raw_folder(find_dataset("mnist"), data_folder(None))
        doctor(public)
    assert "cannot be read" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x" * 400, "\0", "\ud800", "a\nb"], ids=ascii)
@pytest.mark.parametrize("load", [load_model, load_experiment, load_results])
def test_what_can_be_no_name_is_no_file(load: Callable[[str], object], name: str) -> None:
    with pytest.raises(BnbenchError):
        load(name)
