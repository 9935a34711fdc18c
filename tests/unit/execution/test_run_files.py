"""A run's directory, mirrored: the same bytes, and whole however the writing is cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bnbench.errors import BnbenchError
from bnbench.execution import run_files
from bnbench.execution.run_files import Changes, Watch, read_files, write_changes
from bnbench.runs import Manifest, Run, written_whole
from bnbench.runs.manifest import Status
from tests.manifests import a_manifest

SUNDAY, MONDAY = "2026-11-22T00:00:00+00:00", "2026-11-23T00:00:00+00:00"


def manifest(status: Status, started: str) -> Manifest:
    return a_manifest(status=status, started=started)


def begin(run: Run, started: str) -> None:
    """What a run that starts over leaves: nothing of the one before it."""
    run.path.mkdir(parents=True, exist_ok=True)
    for path in run.path.iterdir():
        path.unlink()
    manifest("running", started).write(run.manifest)
    run.config.write_text(f"config of {started}")
    run.batches.write_text(f"batches of {started}\n")
    run.epochs.write_text(f"epochs of {started}\n")


def epoch(run: Run, number: int) -> None:
    for log in (run.batches, run.epochs):
        log.write_text(log.read_text() + f"epoch {number}\n")
    run.checkpoint(number, 9 * number).write_text(f"needs {log_sizes(run)}")
    if number > 2:
        run.checkpoint(number - 2, 9 * (number - 2)).unlink()


def log_sizes(run: Run) -> str:
    return f"{run.batches.stat().st_size} {run.epochs.stat().st_size}"


def end(run: Run, started: str) -> None:
    run.weights.write_text(f"weights of {started}")
    manifest("complete", started).write(run.manifest)
    for path in run.checkpoints():
        path.unlink()


def story(run: Run, started: str) -> Iterator[None]:
    """A run of three epochs, with a pause wherever its files are sent."""
    begin(run, started)
    yield
    for number in (1, 2, 3):
        epoch(run, number)
        yield
    end(run, started)
    yield


def test_after_every_change_the_copy_is_the_original(tmp_path: Path) -> None:
    there, here = Run(tmp_path / "there"), Run(tmp_path / "here")
    watch = Watch(there)
    for _ in story(there, MONDAY):
        assert watch.names_changed()
        write_changes(here, watch.changes())
        assert read_files(here) == read_files(there)
        assert not watch.names_changed()
        assert not watch.changes().files


def test_only_what_has_changed_is_sent(tmp_path: Path) -> None:
    run = Run(tmp_path)
    steps = story(run, MONDAY)
    next(steps)
    watch = Watch(run)
    next(steps)
    changes = watch.changes()
    assert changes.files.keys() == {"batches.csv", "epochs.csv", "checkpoint-00001-000000009.pt"}
    assert "config.yaml" in changes.names
    assert not changes.finished


def test_locks_and_half_written_files_stay_where_they_are(tmp_path: Path) -> None:
    there, here = Run(tmp_path / "there"), Run(tmp_path / "here")
    watch = Watch(there)
    begin(there, MONDAY)
    (there.path / ".batches.1.csv").write_text("half")
    here.path.mkdir()
    (here.path / ".lock").touch()
    write_changes(here, watch.changes())
    names = {"manifest.json", "config.yaml", "batches.csv", "epochs.csv"}
    assert {path.name for path in here.path.iterdir()} == names | {".lock"}


class Cut(Exception):
    """The command was killed."""


class Scissors:
    """Let so many files be written or removed, and no more."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = 0
        written, unlink = written_whole, Path.unlink

        def cut_unlink(path: Path, missing_ok: bool = False) -> None:
            if not path.name.startswith("."):
                self.count()
            unlink(path, missing_ok)

        @contextmanager
        def cut_written(path: Path) -> Iterator[Path]:
            self.count()
            with written(path) as beside:
                yield beside

        patch.setattr(run_files, "written_whole", cut_written)
        patch.setattr(Path, "unlink", cut_unlink)

    def count(self) -> None:
        if self.left == 0:
            raise Cut
        self.left -= 1


def copied(steps: list[run_files.Changes], here: Run) -> None:
    for changes in steps:
        write_changes(here, changes)


def sent(there: Run, started: str) -> list[run_files.Changes]:
    watch = Watch(there)
    return [watch.changes() for _ in story(there, started)]


def test_cut_short_anywhere_it_is_one_run_or_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monday's run replaces Sunday's, which was finished."""
    old = sent(Run(tmp_path / "old"), SUNDAY)
    new = sent(Run(tmp_path / "new"), MONDAY)
    scissors = Scissors(monkeypatch)
    cuts = 0
    while True:
        here = Run(tmp_path / f"here-{cuts}")
        scissors.left = -1
        copied(old, here)
        scissors.left = cuts
        try:
            copied(new, here)
        except Cut:
            assert_whole(here)
            cuts += 1
        else:
            break
    assert cuts > 15
    assert here.weights.read_text() == f"weights of {MONDAY}"
    assert not here.checkpoints()


def assert_whole(run: Run) -> None:
    state = run.read_manifest()
    if state.finished:
        contents = read_files(run)
        for name in ("config.yaml", "batches.csv", "epochs.csv", "weights.pt"):
            assert f"of {state.started}" in contents[name].decode()
    else:
        assert state.started == MONDAY
        for checkpoint in run.checkpoints():
            assert run.config.exists()
            needed = [int(size) for size in checkpoint.read_text().split()[1:]]
            there = [int(size) for size in log_sizes(run).split()]
            assert all(size >= least for size, least in zip(there, needed, strict=True))


@pytest.mark.parametrize(
    "name",
    ["../../x", "/tmp/x", "..", "sub/weights.pt", "notes.txt", "checkpoint-1.pt", "", "\0",
     "probes/../x.npz", "probes/.npz", "probes/a/b.npz", "probes/a.npy"],
)  # fmt: skip
def test_a_node_writes_no_other_file(tmp_path: Path, name: str) -> None:
    run = Run(tmp_path / "experiment/seed-0")
    begin(run, MONDAY)
    before = sorted(tmp_path.rglob("*"))
    names = frozenset({"manifest.json", "config.yaml", name})
    with pytest.raises(BnbenchError, match=r"a node sent .* which is no file of a run"):
        write_changes(run, Changes({name: b"x"}, names, finished=False))
    assert sorted(tmp_path.rglob("*")) == before


def test_a_node_writes_no_file_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_files, "LARGEST", 3)
    with pytest.raises(BnbenchError, match=r"a node sent 4 bytes as epochs\.csv"):
        write_changes(Run(tmp_path), Changes({"epochs.csv": b"1234"}, frozenset(), finished=False))
