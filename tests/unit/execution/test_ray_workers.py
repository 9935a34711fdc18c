"""What a node sends, without Ray: a run that cannot be written fails alone."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from bnbench.config import Experiment, ModelSettings
from bnbench.execution.ray_cluster import RayCluster
from bnbench.execution.ray_workers import RayWorkers, _Remote
from bnbench.execution.run_files import Changes
from bnbench.execution.tasks import Ended, Task
from bnbench.runs import run_directory


class Stream:
    """References to what a node yields: here the things themselves."""

    def __init__(self, *sent: Changes) -> None:
        self._left = iter(sent)

    def __next__(self) -> Changes:
        return next(self._left)

    def completed(self) -> str:
        return "its end"


RAY = SimpleNamespace(
    wait=lambda streams, **_: (streams, []),
    get=lambda sent: sent,
    cancel=lambda *_: None,
    exceptions=SimpleNamespace(RayError=ConnectionError),
)


@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        ("../../x", 0, "../../x"),
        ("batches.csv", 0, "cannot be written"),
        ("epochs.csv", 1, "a node sent files of run 1"),
        ("epochs.csv", -1, "a node sent files of run -1"),
    ],
)
def test_a_node_whose_files_cannot_be_taken_fails_its_run_alone(
    tmp_path: Path, name: str, place: int, said: str
) -> None:
    workers = RayWorkers(RAY, 0.0, RayCluster().device_of)
    task = Task(Experiment(experiment="a", model=ModelSettings(name="MLP")), 0, 100, tmp_path)
    run = run_directory(tmp_path, task.experiment, 0)
    run.batches.mkdir(parents=True)  # where a file must go
    stream = Stream(Changes({name: b"x"}, frozenset({name}), finished=False, place=place))
    workers._active[0] = _Remote(task, 0, stream, ExitStack())
    (event,) = workers.events(None)
    assert isinstance(event, Ended)
    assert event.status == "failed"
    assert said in event.message
    assert workers._active == {}
