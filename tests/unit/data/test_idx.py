import gzip
from pathlib import Path

import numpy as np
import pytest

from bnbench.data import idx
from bnbench.data.idx import parse_idx, read_content
from bnbench.errors import BnbenchError

# Two images of 2 x 3 pixels, byte by byte after LeCun's description of the format.
TWO_IMAGES = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, *range(12)])


def refusal(path: Path) -> str:
    with pytest.raises(BnbenchError) as caught:
        parse_idx(read_content(path), path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "remove it and run `bnbench data fetch`" in message
    return message


@pytest.mark.parametrize("name", ["images", "images.gz", "mit Leerzeichen und Übung"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_content_not_name_says_whether_a_file_is_packed(
    tmp_path: Path, name: str, pack: type[bytes]
) -> None:
    path = tmp_path / name
    path.write_bytes(pack(TWO_IMAGES))
    array = parse_idx(read_content(path), path)
    np.testing.assert_array_equal(array, [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]])
    assert array.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TWO_IMAGES[:-1], "truncated, 27 bytes where its header says 28"),
        (TWO_IMAGES[:10], "truncated, 10 bytes"),
        (TWO_IMAGES + b"x", "too long, 29 bytes where its header says 28"),
        (b"", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08", "not an IDX file of unsigned bytes"),
        (b"<!DOCTYPE html><title>503</title>", "it begins with b'<!DOCTYPE ht'"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01\x00\x00\x00\x00", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x00\x00", "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\xff" + b"\xff" * 1020, "not an IDX file of unsigned bytes"),
        (b"\x00\x00\x08\x03" + b"\xff" * 12, "truncated"),
    ],
    ids=[
        "one byte short",
        "half a header",
        "one byte more",
        "empty",
        "three bytes",
        "web page",
        "floats",
        "no dimension",
        "255 dimensions",
        "2^96 bytes promised",
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_broken_files_are_refused(
    tmp_path: Path, content: bytes, reason: str, pack: type[bytes]
) -> None:
    path = tmp_path / "images"
    path.write_bytes(pack(content))
    assert reason in refusal(path)


@pytest.mark.parametrize("cut", [5, 20, -1])
def test_broken_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(TWO_IMAGES)[:cut])
    assert "cannot be read" in refusal(path)


def test_gzip_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(TWO_IMAGES * 20))
    packed[15] ^= 0x10
    path = tmp_path / "images.gz"
    path.write_bytes(packed)
    refusal(path)


def test_a_gzip_bomb_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx, "_LARGEST", 1000)
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(bytes(1_000_000)))
    assert "holds more than 1,000 bytes" in refusal(path)


def test_absent_file_and_folder_are_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "absent")
    refusal(tmp_path)
