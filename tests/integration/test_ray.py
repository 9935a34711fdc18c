"""Runs on a Ray cluster of two nodes: the same bytes, also where a node dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bnbench.config import load_experiment
from bnbench.errors import BnbenchError
from bnbench.execution.ray_cluster import RayCluster
from bnbench.execution.schedule import Rules, run_tasks
from bnbench.execution.tasks import Ended, Event, Progress, Retried, Started, Task
from bnbench.runs import Run
from tests.files import timeless

WITHOUT = "Ray is an optional extra: pip install 'bnbench[ray]'"
ray = pytest.importorskip("ray", reason=WITHOUT)
cluster_utils = pytest.importorskip("ray.cluster_utils", reason=WITHOUT)

NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A head with one CPU; what a test adds to it, it removes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # else any other work starves Ray's workers
        patch.setenv("RAY_TMPDIR", tempfile.gettempdir())  # its sockets need a short path
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("nodes")))  # a dead node leaves things
        head = cluster_utils.Cluster(initialize_head=True, head_node_args=NODE)
        yield head
        head.shutdown()


def tasks(root: Path, results: Path, epochs: int, seeds: int = 2, probes: str = "[]") -> list[Task]:
    settings = ["data.dataset=digits", f"training.epochs={epochs}", "training.batch_size=256"]
    settings.append(f"probes={probes}")
    experiments = [
        load_experiment(root / f"configs/{name}.yaml", [*settings, "training.device=cpu"])
        for name in ("mlp", "mlp_batchnorm")
    ]
    return [Task(one, seed, 1375, results) for seed in range(seeds) for one in experiments]


def whole_epoch(event: Event) -> bool:
    return isinstance(event, Progress) and event.validation_accuracy is not None


def ends(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.status, event.message) for event in events if isinstance(event, Ended)]


def test_on_ray_the_bytes_are_the_same(cluster: Any, root: Path, tmp_path: Path) -> None:
    (there, *_), (here, *_) = (
        tasks(root, tmp_path / name, epochs=2, probes="[{kind: gradients, every: 4}]")
        for name in ("there", "here")
    )
    with RayCluster(cluster.address).connected() as workers:
        events = list(run_tasks([there], 1, workers=workers))
    assert ends(events) == [("complete", "")]
    assert len([event for event in events if whole_epoch(event)]) == 2
    list(run_tasks([here], 1))
    assert timeless(there.runs[0].path) == timeless(here.runs[0].path)
    (seen,), (seen_here,) = (one.runs[0].probes() for one in (there, here))
    assert seen.read_bytes() == seen_here.read_bytes()


@pytest.mark.slow
def test_stacks_go_to_two_nodes(cluster: Any, root: Path, tmp_path: Path) -> None:
    """Two stacks of two seeds, on a node each: every seed's bytes are those of a stack here."""
    stacks = [
        load_experiment(
            root / f"configs/{name}.yaml",
            ["data.dataset=digits", "training.epochs=2", "training.stack=2", "training.device=cpu"],
        )
        for name in ("mlp", "mlp_batchnorm")
    ]
    there, here = (
        [Task(one, 0, 1375, tmp_path / name) for one in stacks] for name in ("there", "here")
    )
    second = cluster.add_node(**NODE)
    try:
        with RayCluster(cluster.address).connected() as workers:
            cluster.wait_for_nodes()
            assert workers.capacity(there) == 2
            events = list(run_tasks(there, 2, workers=workers))
    finally:
        cluster.remove_node(second)
    assert ends(events) == [("complete", "")] * 2
    list(run_tasks(here, 1))
    for one, other in zip(there, here, strict=True):
        for run, wanted in zip(one.runs, other.runs, strict=True):
            assert timeless(run.path) == timeless(wanted.path)


@pytest.mark.slow
def test_a_node_that_dies_changes_no_byte(cluster: Any, root: Path, tmp_path: Path) -> None:
    there, here = (tasks(root, tmp_path / name, epochs=60) for name in ("there", "here"))
    second = cluster.add_node(**NODE)
    events: list[Event] = []
    halfway: set[int] = set()
    with RayCluster(cluster.address).connected() as workers:
        assert workers.capacity(there) == 2
        for event in run_tasks(there, 2, workers=workers):
            events.append(event)
            if isinstance(event, Started):
                halfway.discard(event.slot)
            if isinstance(event, Progress) and event.epoch >= 3:
                halfway.add(event.slot)
            if second is not None and len(halfway) == 2:  # one of them is there
                cluster.remove_node(second, allow_graceful=False)
                second = None
    assert ends(events) == [("complete", "")] * 4
    assert len([event for event in events if isinstance(event, Retried)]) == 1
    list(run_tasks(here, 2))
    for one, other in zip(there, here, strict=True):
        assert timeless(one.runs[0].path) == timeless(other.runs[0].path)
    resumed = [task.runs[0].read_manifest().resumed_after_epochs for task in there]
    assert sorted(map(len, resumed)) == [0, 0, 0, 1]
    assert max(resumed)[0] >= 2


def worker_of(task: Task) -> int:
    """The process on a node that holds the run's log open, in a folder of its own."""
    end = task.runs[0].batches.relative_to(task.results)
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if link.readlink().match(f"bnbench-*/{end}"):
                return int(link.parts[2])
        except OSError:  # gone meanwhile
            continue
    raise AssertionError(f"nobody works on {end}")


@pytest.mark.slow
def test_a_worker_that_is_killed_is_named_or_tried_again(
    cluster: Any, root: Path, tmp_path: Path
) -> None:
    for retries in (0, 1):
        one, other = tasks(root, tmp_path / str(retries), epochs=40, seeds=1)
        events: list[Event] = []
        with RayCluster(cluster.address).connected() as workers:
            for event in run_tasks([one, other], 1, Rules(retries=retries), workers):
                first = not any(map(whole_epoch, events))
                events.append(event)
                if first and whole_epoch(event):
                    os.kill(worker_of(one), signal.SIGKILL)
        (_, message), *_ = [end for end in ends(events) if end[0] == "failed"] or [("", "")]
        assert ("worker died" in message) == (retries == 0)
        assert one.runs[0].read_manifest().status == ("complete" if retries else "failed")
        assert sorted(status for status, _ in ends(events)) == (
            ["complete", "complete"] if retries else ["complete", "failed"]
        )


@pytest.mark.slow
def test_results_that_cannot_be_written_fail_their_run_alone(
    cluster: Any, root: Path, tmp_path: Path
) -> None:
    one, other = tasks(root, tmp_path, epochs=2, seeds=1)
    one.runs[0].batches.mkdir(parents=True)
    with RayCluster(cluster.address).connected() as workers:
        (first, second) = ends(list(run_tasks([one, other], 1, workers=workers)))
    assert first[0] == "failed"
    assert "cannot be written" in first[1]
    assert second == ("complete", "")


@pytest.mark.slow
def test_past_its_time_limit_a_run_ends_on_its_node(
    cluster: Any, root: Path, tmp_path: Path
) -> None:
    one, other = tasks(root, tmp_path, epochs=1_000_000, seeds=1)
    with RayCluster(cluster.address).connected() as workers:
        rules = Rules(time_limit=10)
        ((status, message),) = ends(list(run_tasks([one], 1, rules, workers)))
        assert status == "failed"
        assert "limit of 10 s" in message
        assert one.runs[0].read_manifest().status == "interrupted"
        with pytest.raises(AssertionError, match="nobody works on"):
            worker_of(one)
        events = run_tasks([other], 1, workers=workers)  # its place is free again
        assert isinstance(next(events), Started)
        events.close()


@pytest.mark.slow
def test_a_stopped_command_goes_on_without_ray(cluster: Any, root: Path, tmp_path: Path) -> None:
    settings = ["data.dataset=digits", "training.epochs=100", "training.batch_size=256"]
    line = [
        sys.executable, "-m", "bnbench", "train", "-c", str(root / "configs/mlp.yaml"),
        "--results", str(tmp_path / "there"), "--device", "cpu",
        *[part for text in settings for part in ("-o", text)],
    ]  # fmt: skip
    on_ray = [*line, "--executor", "ray", "--ray-address", cluster.address]
    with subprocess.Popen(on_ray, stderr=subprocess.PIPE, text=True) as process:
        latest = time.monotonic() + 120
        while not list(tmp_path.rglob("checkpoint-*.pt")) and time.monotonic() < latest:
            time.sleep(0.02)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "bnbench: interrupted" in said
    (manifest,) = tmp_path.rglob("manifest.json")
    run = Run(manifest.parent)
    assert run.read_manifest().status == "interrupted"
    assert subprocess.run(line, capture_output=True, check=False).returncode == 0
    assert run.read_manifest().resumed_after_epochs
    line[line.index(str(tmp_path / "there"))] = str(tmp_path / "here")
    assert subprocess.run(line, capture_output=True, check=False).returncode == 0
    other = Run(tmp_path / "here" / run.path.relative_to(tmp_path / "there"))
    assert timeless(run.path) == timeless(other.path)


def test_more_than_any_node_has_is_refused(cluster: Any, root: Path, tmp_path: Path) -> None:
    with (
        RayCluster(cluster.address, gpus_per_run=0.5).connected() as workers,
        pytest.raises(BnbenchError, match=r"needs 1 CPUs and 0\.5 GPUs of one node"),
    ):
        workers.capacity(tasks(root, tmp_path, epochs=1))
    assert not ray.is_initialized()
