"""Apple's GPU by calls that answer as it does: no such machine was at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bnbench.cli.options import RunOptions
from bnbench.cli.running import Running, _outcomes
from bnbench.config import Experiment, ModelSettings
from bnbench.execution.plan import Plan, PlannedRun
from bnbench.execution.tasks import Ended, Task
from bnbench.runs.identity import Found
from bnbench.training.device import random_stream, resolve_device, set_random_stream

APPLE = torch.device("mps")


@pytest.fixture
def apple(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


def test_its_own_generator_goes_into_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a resumed run with dropout would draw other numbers."""
    generator = [torch.arange(44, dtype=torch.uint8)]
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: generator[-1])
    monkeypatch.setattr(torch.mps, "set_rng_state", generator.append)
    before, of_cpu = random_stream(APPLE), torch.get_rng_state()
    assert torch.equal(before, generator[0])
    generator.append(torch.zeros(44, dtype=torch.uint8))  # it was drawn from
    set_random_stream(APPLE, before)
    assert torch.equal(generator[-1], before)
    assert torch.equal(torch.get_rng_state(), of_cpu)


def test_that_nothing_was_tried_on_it_is_said_once(
    apple: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = Experiment(experiment="a", model=ModelSettings(name="MLP"))
    assert resolve_device(experiment) == APPLE
    tasks = [Task(experiment, seed, 100, tmp_path) for seed in (0, 1)]
    plan = Plan(tuple(PlannedRun(task, Found("run", "")) for task in tasks))
    for part in ("_prepare", "_announce"):
        monkeypatch.setattr(f"bnbench.cli.running.{part}", lambda *_: None)
    monkeypatch.setattr("bnbench.cli.running.run_tasks", lambda *_: (one for one in list[Ended]()))
    assert _outcomes(plan, Running.of(RunOptions(results=tmp_path))) == []
    said = "nothing of this was ever tried on Apple's GPU (mps); --device cpu was"
    assert capsys.readouterr().err.splitlines() == [said]
