"""Calls that fail as they do on Windows, and on network file systems: none was at hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import ENOLCK, ENOSYS, EOPNOTSUPP
from pathlib import Path

import pytest
from filelock import FileLock

from bnbench.data.fetching import _install
from bnbench.errors import BnbenchError
from bnbench.runs import Run, locked, write_text
from bnbench.runs import files as files_of_runs


def fetched(path: Path, text: str) -> None:
    _install(bytearray(text.encode()), path.name, path.parent, path.parent)


@pytest.mark.parametrize("write", [write_text, fetched])
def test_a_file_that_is_held_for_a_moment_is_renamed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, str], None]
) -> None:
    replace, refusals, waited = Path.replace, [1, 2], list[float]()

    def held(path: Path, target: Path) -> Path:
        if refusals:
            refusals.pop()
            raise PermissionError(13, "Access is denied")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr("bnbench.runs.files.time.sleep", waited.append)
    monkeypatch.setattr("bnbench.runs.files.ON_WINDOWS", True)
    write(tmp_path / "a", "text")
    assert (tmp_path / "a").read_text() == "text"
    assert waited == list(files_of_runs.PATIENCE[:2])


def test_elsewhere_it_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", denied)
    monkeypatch.setattr("bnbench.runs.files.time.sleep", lambda _: pytest.fail("it waited"))
    with pytest.raises(PermissionError):
        write_text(tmp_path / "a", "text")
    assert list(tmp_path.iterdir()) == []


def test_only_files_that_are_open_for_writing_are_forced_to_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    forced = []

    def fsync(descriptor: int) -> None:
        assert fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        forced.append(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_text(tmp_path / "a", "text")
    assert len(forced) == 1


@pytest.mark.parametrize(
    "error",
    [*(OSError(number, os.strerror(number)) for number in (ENOSYS, ENOLCK, EOPNOTSUPP)),
     NotImplementedError()],
    ids=repr,
)  # fmt: skip
def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(FileLock, "acquire", fails)
    with (
        pytest.raises(BnbenchError, match=r"knows no locks, .* by --results"),
        locked(Run(tmp_path / "run")),
    ):
        pass
