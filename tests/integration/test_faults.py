"""A fault at any operation on a run's files loses nothing: the run goes on to the same bytes."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import rmtree

import pytest

from bnbench import BnbenchError, EpochRow, Experiment, load_experiment, run_experiment
from bnbench.config import dump_experiment
from bnbench.data import data_folder
from bnbench.data.shared import shared_splits
from bnbench.training import learner, loop
from tests.commands import bnbench
from tests.files import timeless
from tests.integration.faults import FileSystem, full, in_a_child, killed

FAULT_POINTS = 356
"""Of the short run below; docs/reliability.md names it."""
DRAWN = 20
"""Fault points that `make test` tries of each kind of fault; `make test-all` tries them all."""
KILLS = 50
"""SIGKILLs at random instants of a run on MNIST; `make test` does a tenth of them."""
Left = dict[str, bytes | str]
"""What runs leave but for times; see `tests.files.timeless`."""
EVERY = pytest.param(True, marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def experiment(root: Path) -> Experiment:
    """Batch norm, dropout, momentum, evaluations and checkpoints within the epochs."""
    overrides = {
        "data.dataset": "digits", "model.widths": [64, 64], "model.dropout": 0.2,
        "training.epochs": 3, "training.batch_size": 128,
        "training.evaluate_every": 5,
    }  # fmt: skip
    texts = [f"{key}={value}" for key, value in overrides.items()]
    return load_experiment(root / "configs/mlp_batchnorm.yaml", texts)


def train(
    experiment: Experiment,
    results: Path,
    system: FileSystem | None = None,
    shared: Path | None = None,
) -> None:
    """Run; the states of long epochs are kept every 4 steps."""
    loop.KEEP_EVERY, learner.BLOCK = 4, 2
    if system is not None:
        system.install()
    for _ in run_experiment(experiment, 1, results, shared=shared):
        pass
    if system is not None and system.at is None:
        Path(f"{results}.points").write_text(json.dumps(system.points), encoding="utf-8")


@pytest.fixture(scope="module")
def undisturbed(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Its files, trained in this very process, which then has imported what its children need."""
    results = tmp_path_factory.mktemp("undisturbed")
    assert all(run_experiment(experiment, 1, results))
    return timeless(results)


@pytest.fixture(scope="module")
def points(
    experiment: Experiment, undisturbed: Left, tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """The names of all fault points of the run, in their order."""
    results = tmp_path_factory.mktemp("counted")
    counting = FileSystem(results, None, killed)
    assert in_a_child(partial(train, experiment, results, counting)) == 0
    names: list[str] = json.loads(Path(f"{results}.points").read_text(encoding="utf-8"))
    return names


def drawn(points: list[str], every: bool) -> list[int]:
    numbers = range(len(points))
    return list(numbers) if every else sorted(random.Random(0).sample(numbers, DRAWN))


def test_the_points_are_of_every_kind(points: list[str]) -> None:
    """A run does each of these; a new way to write a file must not go unwatched."""
    assert len(points) == FAULT_POINTS
    kinds = Counter(" ".join(name.split()[:2]) for name in points)
    assert kinds.keys() >= {"before write", "within write", "after flush", "before fsync"}
    assert {name.split()[-1] for name in points if "replace" in name} == {
        "manifest", "config", "checkpoint", "weights", "test_predictions", "losses",
    }  # fmt: skip


@pytest.mark.parametrize("every", [False, EVERY])
def test_killed_at_a_fault_point(
    every: bool,
    points: list[str],
    experiment: Experiment,
    undisturbed: Left,
    tmp_path: Path,
) -> None:
    for at in drawn(points, every):
        results = tmp_path / str(at)
        results.mkdir()
        system = FileSystem(results, at, killed)
        assert in_a_child(partial(train, experiment, results, system)) == -9, points[at]
        assert in_a_child(partial(train, experiment, results)) == 0, points[at]
        assert timeless(results) == undisturbed, points[at]
        rmtree(results)  # of all 356, several gigabytes


@pytest.mark.parametrize("every", [False, EVERY])
@pytest.mark.parametrize("lasting", [False, True])
def test_a_full_disk_is_one_line_and_no_loss(
    every: bool,
    lasting: bool,
    points: list[str],
    experiment: Experiment,
    undisturbed: Left,
    tmp_path: Path,
) -> None:
    """Full for one operation, or from there on; once there is room, the run goes on."""

    def said(do: Callable[[], None], to: Path) -> None:
        with pytest.raises(BnbenchError, match=r"seed-1: .*\(No space left on device\)") as caught:
            do()
        to.write_text(str(caught.value), encoding="utf-8")

    for at in drawn(points, every):
        results, message = tmp_path / str(at), tmp_path / f"{at}.txt"
        results.mkdir()
        system = FileSystem(results, at, full, lasting)
        code = in_a_child(partial(said, partial(train, experiment, results, system), message))
        assert code == 0, points[at]
        assert len(message.read_text(encoding="utf-8").splitlines()) == 1
        assert in_a_child(partial(train, experiment, results)) == 0, points[at]
        assert timeless(results) == undisturbed, points[at]
        rmtree(results)


def test_a_limit_on_files_ends_the_command_in_one_line(
    root: Path, experiment: Experiment, undisturbed: Left, tmp_path: Path
) -> None:
    """The whole command, and a limit that the kernel sets: no checkpoint fits."""
    config = tmp_path / "config.yaml"
    config.write_text(dump_experiment(experiment), encoding="utf-8")
    results = tmp_path / "results"
    line = ["train", "-c", config, "--seed", 1, "--results", results]
    stopped = bnbench(*line, largest=100 << 10)
    assert stopped.returncode == 2, stopped.stderr
    assert "seed-1: cannot be written (File too large)" in stopped.stderr
    assert "Traceback" not in stopped.stderr
    assert bnbench(*line).returncode == 0
    assert timeless(results) == undisturbed


def test_a_folder_renamed_while_running(
    experiment: Experiment, undisturbed: Left, tmp_path: Path
) -> None:
    """No second folder is begun under the old name, and the renamed one goes on to its end."""
    old, new = tmp_path / "old", tmp_path / "new"
    rows = run_experiment(experiment, 1, old)
    next(row for row in rows if isinstance(row, EpochRow))
    old.rename(new)
    with pytest.raises(BnbenchError, match=r"old/.*moved or removed while the run went on"):
        list(rows)
    assert not old.exists()
    assert [row.epoch for row in run_experiment(experiment, 1, new) if isinstance(row, EpochRow)]
    assert timeless(new) == undisturbed


@pytest.mark.parametrize("kills", [KILLS // 10, pytest.param(KILLS, marks=pytest.mark.slow)])
def test_killed_at_random_instants(kills: int, root: Path, tmp_path: Path) -> None:
    """A short real run on MNIST, killed before, in and after whatever it does; none is lost."""
    short = ["data.train_examples=2000", "training.epochs=3", "training.evaluate_every=10"]
    experiment = load_experiment(root / "configs/lenet5_batchnorm.yaml", short)
    undisturbed, struck, draw = tmp_path / "undisturbed", 0, random.Random(2)
    run = partial(train, experiment, shared=tmp_path)
    shared_splits(experiment.data, data_folder(), 1, tmp_path)  # prepared once for all runs
    started = time.monotonic()
    assert in_a_child(partial(run, undisturbed)) == 0
    takes = time.monotonic() - started
    for trial in range(10 * kills):
        results = tmp_path / str(trial)
        while struck < kills and in_a_child(
            partial(run, results),
            kill_after=draw.uniform(0, takes),
        ):
            struck += 1
        assert in_a_child(partial(run, results)) == 0
        assert timeless(results) == timeless(undisturbed)
        if struck == kills:
            return
    raise AssertionError(f"only {struck} of {kills} kills struck")
