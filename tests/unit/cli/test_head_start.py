"""When a command starts the process that runs are copied from, before it imports PyTorch itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bnbench.cli.head_start import head_start
from bnbench.cli.options import Executor, RunOptions
from bnbench.config import Experiment, ModelSettings
from bnbench.execution import fork_server
from bnbench.runs import run_directory

EXPERIMENT = Experiment(experiment="any", model=ModelSettings(name="LeNet5"))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows where it would be started."""
    times: list[str] = []
    monkeypatch.setattr(fork_server, "start", lambda: times.append("started"))
    return times


def _there(results: Path, seed: int) -> None:
    run = run_directory(results, EXPERIMENT, seed)
    run.path.mkdir(parents=True)
    run.manifest.touch()


def test_only_where_a_run_is_missing_here(started: list[str], tmp_path: Path) -> None:
    _there(tmp_path, 0)
    head_start(RunOptions(results=tmp_path), [EXPERIMENT], [0])
    head_start(RunOptions(results=tmp_path, executor=Executor.RAY), [EXPERIMENT], [0, 1])
    assert not started
    head_start(RunOptions(results=tmp_path), [EXPERIMENT], [0, 1])
    head_start(RunOptions(results=tmp_path, fresh=True), [EXPERIMENT], [0])
    assert len(started) == 2


def test_it_comes_before_pytorch() -> None:
    """What a head start needs would be none if it took as long as what it is ahead of."""
    program = "import sys, bnbench.cli.head_start; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
