"""A command's temporary folder: gone with the command, and never another one's to remove."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bnbench.execution.shared_folder import folder_of, remove_leftovers


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a temporary folder of this test's own, here and in other processes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


class Owner:
    """Whoever the folder belongs to."""


@contextmanager
def another_command() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Let another process make a folder with something in it, and wait."""
    code = (
        "from bnbench.execution.shared_folder import folder_of\n"
        "class Owner: pass\n"
        "owner = Owner()\n"
        "folder = folder_of(owner)\n"
        "(folder / 'data.pt').write_bytes(b'x' * 1000)\n"
        "print(folder, flush=True)\n"
        "input()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True) as one:
        assert one.stdout is not None
        yield one, Path(one.stdout.readline().strip())
        one.kill()


def test_it_goes_with_its_owner(temporary: Path) -> None:
    owner = Owner()
    folder = folder_of(owner)
    assert folder.parent == temporary
    remove_leftovers()
    (folder / "data.pt").touch()
    del owner
    assert list(temporary.iterdir()) == []


def test_a_killed_command_s_goes_and_a_living_one_s_stays(temporary: Path) -> None:
    with another_command() as (process, theirs):
        assert theirs.parent == temporary
        owner = Owner()
        ours = folder_of(owner)
        assert sorted(temporary.iterdir()) == sorted([ours, theirs])
        assert (theirs / "data.pt").exists()
        process.kill()
        process.wait()
        assert (theirs / "data.pt").exists()
        remove_leftovers()
        assert list(temporary.iterdir()) == [ours]


def test_a_command_that_ends_by_itself_leaves_nothing(temporary: Path) -> None:
    with another_command() as (process, _):
        process.communicate("go\n")
        assert process.returncode == 0
    assert list(temporary.iterdir()) == []


def test_what_is_no_left_over_folder_stays(temporary: Path) -> None:
    """One without the mark is just being made, or Ray's copy of a data set; a link is no folder."""
    being_made, elsewhere = temporary / "bnbench-abc", temporary / "elsewhere"
    for folder in (being_made, elsewhere):
        folder.mkdir()
        (folder / "owner.lock").touch()
    (elsewhere / "owned").touch()
    (temporary / "bnbench-link").symlink_to(elsewhere)
    (temporary / "bnbench-file").touch()
    before = sorted(temporary.rglob("*"))
    remove_leftovers()
    assert sorted(temporary.rglob("*")) == before
    (being_made / "owned").touch()
    remove_leftovers()
    assert not being_made.exists()
    assert (elsewhere / "owned").exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no shared temporary folder")
def test_another_user_s_stays(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = temporary / "bnbench-theirs"
    theirs.mkdir()
    (theirs / "owned").touch()
    monkeypatch.setattr(os, "getuid", lambda: theirs.stat().st_uid + 1)
    remove_leftovers()
    assert [path.name for path in theirs.iterdir()] == ["owned"]


def test_without_room_for_a_lock_there_is_a_folder(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "touch", full)
    owner = Owner()
    folder = folder_of(owner)
    remove_leftovers()
    assert folder.exists()
    del owner
    assert list(temporary.iterdir()) == []
