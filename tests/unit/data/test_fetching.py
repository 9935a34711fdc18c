import errno
import gzip
import os
import shutil
import time
import warnings
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from bnbench.data import Dataset, fetch, find_dataset
from bnbench.errors import BnbenchError
from tests.closed import closed
from tests.files import contents


class Local:
    """A source that delivers files from memory and counts how often it was asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.asked = files, 0

    def __call__(self, _: Dataset, folder: Path) -> None:
        self.asked += 1
        for name, content in self.files.items():
            (folder / name).write_bytes(content)


def refuse(dataset: Dataset, folder: Path) -> None:
    raise ConnectionError("HTTP 503\nService Unavailable")


@pytest.fixture
def local(tiny_files: dict[str, bytes]) -> Local:
    return Local(tiny_files)


def test_fetch_into_an_empty_folder(
    tiny: Dataset, tiny_files: dict[str, bytes], local: Local, tmp_path: Path
) -> None:
    folder = tmp_path / "ein Ordner für Daten 数"
    raw = fetch(tiny, folder, {"local": local})
    assert raw == folder / "Tiny" / "raw"
    assert contents(raw) == tiny_files
    fetch(tiny, folder, {"local": local})
    assert local.asked == 1


def test_packed_files_are_installed_unpacked(
    tiny: Dataset, tiny_files: dict[str, bytes], tmp_path: Path
) -> None:
    packed = {f"{name}.gz": gzip.compress(content) for name, content in tiny_files.items()}
    assert contents(fetch(tiny, tmp_path, {"local": Local(packed)})) == tiny_files


def test_a_complete_folder_is_only_read(tiny: Dataset, tiny_folder: Path, local: Local) -> None:
    raw = fetch(tiny, tiny_folder, {"local": local})
    assert local.asked == 0
    assert not (raw / ".lock").exists()  # it may be read-only


def test_what_is_there_is_kept(
    tiny: Dataset, tiny_files: dict[str, bytes], tiny_folder: Path, local: Local
) -> None:
    raw = tiny_folder / "Tiny" / "raw"
    (raw / "t10k-labels-idx1-ubyte").unlink()
    before = (raw / "train-images-idx3-ubyte").stat()
    fetch(tiny, tiny_folder, {"local": local})
    assert contents(raw) == tiny_files
    after = (raw / "train-images-idx3-ubyte").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_wrong_file_of_the_users_is_not_replaced(
    tiny: Dataset, tiny_files: dict[str, bytes], tiny_folder: Path, local: Local
) -> None:
    raw = tiny_folder / "Tiny" / "raw"
    (raw / "t10k-labels-idx1-ubyte").unlink()
    wrong = tiny_files["train-labels-idx1-ubyte"][:-1] + b"\xff"
    (raw / "train-labels-idx1-ubyte").write_bytes(wrong)
    with pytest.raises(BnbenchError, match=r"train-labels.*SHA-256.*expected.*remove it and run"):
        fetch(tiny, tiny_folder, {"local": local})
    assert (raw / "train-labels-idx1-ubyte").read_bytes() == wrong
    assert local.asked == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-1],
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda _: b"<!DOCTYPE html>",
        lambda _: b"",
    ],
    ids=["truncated", "one bit changed", "web page", "empty"],
)
def test_what_a_source_brings_is_not_trusted(
    tiny: Dataset,
    tiny_files: dict[str, bytes],
    local: Local,
    tmp_path: Path,
    change: Callable[[bytes], bytes],
) -> None:
    name = "t10k-images-idx3-ubyte"
    bad = Local(tiny_files | {name: change(tiny_files[name])})
    raw = fetch(tiny, tmp_path, {"bad": bad, "local": local})
    assert (bad.asked, local.asked) == (1, 1)
    assert contents(raw) == tiny_files


def test_a_source_that_delivers_three_files_is_passed_over(
    tiny: Dataset, tiny_files: dict[str, bytes], local: Local, tmp_path: Path
) -> None:
    three = Local({name: tiny_files[name] for name in list(tiny_files)[:3]})
    assert contents(fetch(tiny, tmp_path, {"three": three, "local": local})) == tiny_files


def test_when_no_source_delivers_the_message_says_what_to_do(
    tiny: Dataset, tiny_files: dict[str, bytes], tmp_path: Path
) -> None:
    three = Local({name: tiny_files[name] for name in list(tiny_files)[:3]})
    with pytest.raises(BnbenchError) as caught:
        fetch(tiny, tmp_path, {"mirrors": refuse, "three": three})
    message = str(caught.value)
    raw = tmp_path / "Tiny" / "raw"
    assert "mirrors: HTTP 503\n" in message
    assert "three: did not deliver t10k-labels-idx1-ubyte\n" in message
    assert f"into {raw}:" in message
    for file in tiny.files:
        assert f"{file.name}  MD5 {file.md5}  SHA-256 {file.sha256}" in message
    assert contents(raw) == {}


def test_a_folder_below_a_file(tiny: Dataset, local: Local, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BnbenchError, match=r"cannot be written .*BNBENCH_DATA_DIR"):
        fetch(tiny, tmp_path / "file" / "data", {"local": local})


def test_a_folder_that_may_not_be_written(tiny: Dataset, local: Local, public: Path) -> None:
    (public / "theirs").mkdir()
    with closed(public / "theirs"), pytest.raises(BnbenchError, match="BNBENCH_DATA_DIR"):
        fetch(tiny, public / "theirs", {"local": local})


def test_a_full_disk_leaves_nothing_behind(
    tiny: Dataset, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BnbenchError, match="No space left on device"):
        fetch(tiny, tmp_path, {"local": local})
    assert contents(tmp_path / "Tiny" / "raw") == {}


def test_a_waiting_process_gives_up(
    tiny: Dataset, local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bnbench.data.fetching.LOCK_SECONDS", 0.1)

    def fetch_again(dataset: Dataset, folder: Path) -> None:
        fetch(dataset, tmp_path, {"local": local})

    with pytest.raises(BnbenchError, match="another process has been fetching"):
        fetch(tiny, tmp_path, {"again": fetch_again})


def test_digits_needs_no_source(tmp_path: Path) -> None:
    fetch(find_dataset("digits"), tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def start(dataset: Dataset, source: Path, log: Path, target: Path, seconds: float) -> BaseProcess:
    """A process that fetches from a folder, slowly, and leaves a line in a log when it begins."""

    def slow(_: Dataset, folder: Path) -> None:
        with log.open("a") as file:
            file.write("asked\n")
        for path in source.iterdir():
            shutil.copy(path, folder)
            time.sleep(seconds)

    # A copy of this process has imported what it needs.
    process = get_context("fork").Process(target=fetch, args=(dataset, target, {"slow": slow}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the test runner's own threads
        process.start()
    return process


def test_four_processes_one_download(
    tiny: Dataset, tiny_files: dict[str, bytes], tiny_folder: Path, tmp_path: Path
) -> None:
    source, log, target = tiny_folder / "Tiny" / "raw", tmp_path / "log", tmp_path / "target"
    processes = [start(tiny, source, log, target, 0.2) for _ in range(4)]
    for process in processes:
        process.join(300)
        assert process.exitcode == 0
    assert log.read_text() == "asked\n"
    assert contents(target / "Tiny" / "raw") == tiny_files


def test_a_killed_fetch_leaves_no_lock_and_no_half_file(
    tiny: Dataset, tiny_files: dict[str, bytes], tiny_folder: Path, local: Local, tmp_path: Path
) -> None:
    source, log, target = tiny_folder / "Tiny" / "raw", tmp_path / "log", tmp_path / "target"
    process = start(tiny, source, log, target, 60)
    while not log.exists():
        assert process.is_alive()
        time.sleep(0.02)
    process.kill()
    process.join()
    raw = target / "Tiny" / "raw"
    assert [name for name in tiny_files if (raw / name).exists()] == []
    started = time.monotonic()
    fetch(tiny, target, {"local": local})
    assert time.monotonic() - started < 5
    assert contents(raw) == tiny_files
