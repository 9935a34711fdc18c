"""A command that found a run locked asks at its end whether the other command has done it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bnbench.cli.running import _refusals, _warn_of_threads
from bnbench.cli.verify import _remedies
from bnbench.errors import BnbenchError
from bnbench.execution.tasks import Ended, Task
from bnbench.registry import Registry
from tests.unit.conftest import MakeRun

WHY = "somebody else is at it"


@pytest.mark.parametrize(
    ("status", "seed", "refusals"),
    [("complete", 0, []), ("diverged", 0, []), ("running", 0, [WHY]), ("complete", 1, [WHY])],
)
def test_what_another_command_has_finished_is_not_refused(
    make_run: MakeRun, tmp_path: Path, status: str, seed: int, refusals: list[str]
) -> None:
    run = make_run("plain", 0, [0.9], manifest={"status": status})
    task = Task(run.read_experiment(), seed, 100, tmp_path / "results")
    assert _refusals(Ended(task, 0, "refused", WHY)) == refusals


@pytest.mark.parametrize(("threads", "warned"), [(2, False), (256, True)])
def test_more_threads_than_cores_are_slow(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    threads: int,
    warned: bool,
) -> None:
    """On two cores a run with 256 took 13 s of the processor for what takes one a tenth."""
    monkeypatch.setattr("bnbench.cli.running.available_cores", lambda: 2)
    _warn_of_threads(threads)
    assert ("training.threads is 256, and 2 cores are here" in capsys.readouterr().err) == warned


def test_a_run_of_code_that_is_not_allowed_is_not_to_be_trained_again() -> None:
    """The files are sound: the remedy is to allow the code, as the problem itself says."""
    with pytest.raises(BnbenchError) as refused:
        Registry[str]("architecture", imported=lambda path, _: path).find("mine:Net")
    (problem,) = refused.value.problems
    assert "--allow-import" in problem
    assert _remedies([problem]) == []
    assert _remedies([problem, "epochs.csv: is missing"]) == [
        "move the folders of these runs away, and train them again"
    ]
