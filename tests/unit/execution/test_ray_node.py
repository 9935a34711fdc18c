"""What a node does for a run, without Ray: the same generator, its files applied here."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from bnbench.config import DataSettings, load_experiment
from bnbench.data import data_folder, describe_splits, find_dataset, locate
from bnbench.errors import BnbenchError
from bnbench.execution.ray_cluster import RayCluster
from bnbench.execution.ray_data import own_folder, pack, unpack
from bnbench.execution.ray_node import conditions, run_on_node
from bnbench.execution.run_files import Changes, read_files, write_changes
from bnbench.execution.tasks import Ended, Event, Progress, Started, Task
from bnbench.execution.work import work
from bnbench.runs import Run
from bnbench.training.checkpoint import epochs_kept
from tests.files import timeless

CPU = torch.device("cpu")


@pytest.fixture
def nodes_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the node takes for its temporary folder."""
    folder = tmp_path / "node"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def task(root: Path, results: Path, *overrides: str, fresh: bool = False) -> Task:
    experiment = load_experiment(
        root / "configs/mlp_batchnorm.yaml",
        ["data.dataset=digits", "training.epochs=4", "training.device=cpu", *overrides],
    )
    return Task(experiment, 0, 1375, results, fresh=fresh)


def sent(one: Task, files: dict[str, bytes] | None = None) -> Iterator[Event | Changes]:
    return run_on_node(one, 3, [files or {}], None, conditions(one.experiment, CPU))


def applied(
    items: Iterator[Event | Changes], run: Run, stop_after: int | None = None
) -> list[Event]:
    """Write what a node sends; the node dies with the files of epoch `stop_after`."""
    events: list[Event] = []
    for item in items:
        if not isinstance(item, Changes):
            events.append(item)
            continue
        write_changes(run, item)
        if stop_after is not None and epochs_kept(run, epochs=4, batches=22) == stop_after:
            break
    return events


def test_the_files_come_with_every_epoch_and_before_the_end(
    root: Path, tmp_path: Path, nodes_folder: Path
) -> None:
    there, here = task(root, tmp_path / "there"), task(root, tmp_path / "here")
    events = applied(sent(there), there.runs[0])
    list(work(here, 0))
    assert timeless(there.runs[0].path) == timeless(here.runs[0].path)
    assert isinstance(events[0], Started)
    assert [event.status for event in events if isinstance(event, Ended)] == ["complete"]
    assert {(event.task, event.slot) for event in events} == {(there, 3)}
    assert list(nodes_folder.glob("bnbench-*")) == []


def test_a_run_whose_node_dies_goes_on_elsewhere_from_its_last_epoch(
    root: Path, tmp_path: Path, nodes_folder: Path
) -> None:
    """With what its probes saw, before and after."""
    probes = "probes=[{kind: gradients, every: 10}]"
    there, here = (task(root, tmp_path / name, probes) for name in ("there", "here"))
    run = there.runs[0]
    applied(sent(there), run, stop_after=2)
    assert run.read_manifest().status == "running"
    events = applied(sent(there, read_files(run)), run)
    list(work(here, 0))
    assert run.probe("gradients").read_bytes() == here.runs[0].probe("gradients").read_bytes()
    assert timeless(run.path) == timeless(here.runs[0].path)
    assert run.read_manifest().resumed_after_epochs == [2]
    whole = [
        event.epoch
        for event in events
        if isinstance(event, Progress) and event.validation_accuracy is not None
    ]
    assert whole == [3, 4]


def test_a_stack_whose_node_dies_goes_on_elsewhere(
    root: Path, tmp_path: Path, nodes_folder: Path
) -> None:
    """Each seed's files come into its own folder."""
    there, here = (task(root, tmp_path / name, "training.stack=2") for name in ("there", "here"))
    wanted = conditions(there.experiment, CPU)
    for item in run_on_node(there, 3, [{}, {}], None, wanted):
        if isinstance(item, Changes):
            write_changes(there.runs[item.place], item)
        if isinstance(item, Progress) and item.epoch == 2 and item.validation_accuracy is not None:
            break  # between two members' files
    left = [read_files(run) for run in there.runs]
    assert all(left)
    events = []
    for item in run_on_node(there, 3, left, None, wanted):
        if isinstance(item, Changes):
            write_changes(there.runs[item.place], item)
        else:
            events.append(item)
    list(work(here, 0))
    for one, other in zip(there.runs, here.runs, strict=True):
        assert timeless(one.path) == timeless(other.path)
        assert one.read_manifest().resumed_after_epochs
    assert [event.status for event in events if isinstance(event, Ended)] == ["complete"]


def test_a_fresh_run_that_fails_before_it_begins_leaves_what_is_there(
    root: Path, tmp_path: Path, nodes_folder: Path
) -> None:
    one = task(root, tmp_path, "data.train_examples=5000", fresh=True)
    run = one.runs[0]
    run.path.mkdir(parents=True)
    run.weights.write_bytes(b"of the finished run")
    (end,) = [event for event in applied(sent(one), run) if isinstance(event, Ended)]
    assert end.status == "refused"
    assert run.weights.read_bytes() == b"of the finished run"


def test_an_interrupted_node_clears_up(root: Path, tmp_path: Path, nodes_folder: Path) -> None:
    items = sent(task(root, tmp_path, "training.epochs=100000"))
    next(item for item in items if isinstance(item, Progress))
    items.close()  # type: ignore[attr-defined]
    assert list(nodes_folder.glob("bnbench-*")) == []


@pytest.mark.parametrize("name", ["torch", "device", "code of bnbench.training.loop"])
def test_a_node_of_other_versions_is_refused(name: str, root: Path, tmp_path: Path) -> None:
    one = task(root, tmp_path)
    wanted = conditions(one.experiment, CPU) | {name: "another"}
    (end,) = run_on_node(one, 0, [{}], None, wanted)
    assert isinstance(end, Ended)
    assert end.status == "refused"
    assert f"differs from the command's machine in {name};" in end.message


@dataclass
class Store:
    """An object store of Ray that counts what is taken out of it."""

    taken: int = 0
    objects: list[Any] = field(default_factory=list)

    def put(self, value: Any) -> int:
        self.objects.append(value)
        return len(self.objects) - 1

    def get(self, reference: int) -> Any:
        self.taken += 1
        return self.objects[reference]


def test_the_data_set_is_taken_once_a_node(data_dir: Path, nodes_folder: Path) -> None:
    store, settings = Store(), DataSettings()
    parcel = pack(store, settings, data_dir)
    assert parcel is not None
    folders = {unpack(store, settings, parcel) for _ in range(2)}
    assert store.taken == 1
    (folder,) = folders
    assert folder.name == parcel.dataset_hash
    assert folder.is_relative_to(nodes_folder)
    assert locate(find_dataset("mnist"), folder) is not None
    assert describe_splits(settings, folder) == describe_splits(settings, data_folder(data_dir))


def test_a_data_set_of_a_package_is_not_sent() -> None:
    assert pack(Store(), DataSettings(dataset="digits"), None) is None


@pytest.mark.parametrize(
    ("wanted", "gpus", "device"),
    [("auto", 0, "cpu"), ("auto", 0.25, "cuda"), ("cpu", 1, "cpu"), ("cuda", 2, "cuda")],
)
def test_the_device_of_a_run_on_ray(wanted: str, gpus: float, device: str, root: Path) -> None:
    experiment = load_experiment(root / "configs/mlp.yaml", device=wanted)
    assert RayCluster(gpus_per_run=gpus).device_of(experiment).type == device


@pytest.mark.parametrize(("wanted", "gpus"), [("cuda", 0), ("mps", 0), ("mps", 1)])
def test_a_device_that_a_run_on_ray_does_not_get(wanted: str, gpus: float, root: Path) -> None:
    experiment = load_experiment(root / "configs/mlp.yaml", device=wanted)
    with pytest.raises(BnbenchError, match=f"training.device: is {wanted}, and --gpus-per-run"):
        RayCluster(gpus_per_run=gpus).device_of(experiment)


def test_the_folder_of_the_data_is_this_user_s_alone(nodes_folder: Path) -> None:
    first = own_folder()
    assert first.stat().st_mode & 0o777 == 0o700
    first.chmod(0o755)
    assert own_folder().stat().st_mode & 0o777 == 0o700


def test_a_link_in_its_place_is_refused(nodes_folder: Path, tmp_path: Path) -> None:
    folder = own_folder()
    folder.rmdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.symlink_to(elsewhere)
    with pytest.raises(BnbenchError, match="is a link, no folder, or another user's; remove it"):
        own_folder()


def test_another_user_s_folder_is_refused(
    nodes_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_folder()
    monkeypatch.setattr(os, "getuid", lambda: 123456)
    folder.rename(folder.with_name("bnbench-data-123456"))
    with pytest.raises(BnbenchError, match="bnbench-data-123456"):
        own_folder()
