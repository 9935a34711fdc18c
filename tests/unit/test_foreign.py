"""Files that cannot be read, in one line each."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bnbench.data.folder import read_image
from bnbench.data.idx import read_content
from bnbench.errors import BnbenchError
from bnbench.foreign import read_foreign
from bnbench.prediction import read_digit


def refused(path: Path, most: int = 100) -> str:
    with pytest.raises(BnbenchError) as caught:
        read_foreign(path, most)
    (line,) = caught.value.problems
    assert line.startswith(f"{str(path)!a}".strip("'"))
    return line


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nothing")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        assert refused(path).endswith(": cannot be read (Is no regular file)")
    assert "No such file" in refused(tmp_path / "dangling")
    assert "too long" in refused(tmp_path / ("x" * 300))
    assert "null byte" in refused(tmp_path / "a\0b")


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    assert read_foreign(path, 100) == bytes(100)
    assert "is larger than" in refused(path, 99)


@pytest.mark.parametrize("read", [read_digit, read_image, read_content])
def test_a_pipe_in_place_of_an_image_or_of_data_is_not_waited_for(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    os.mkfifo(tmp_path / "digit.png")
    with pytest.raises(BnbenchError, match="regular file"):
        read(tmp_path / "digit.png")


def test_a_disk_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise OSError(5, "Input/output error")

    path = tmp_path / "file"
    path.touch()
    monkeypatch.setattr(os, "open", fails)
    assert refused(path) == f"{path}: cannot be read (Input/output error)"
