import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from numpy.typing import NDArray

from bnbench.data import DATASETS, Dataset, data_folder, find_dataset, locate, verify
from bnbench.data.files import read_dataset
from bnbench.data.idx import REMEDY
from bnbench.errors import BnbenchError


def test_data_folder_prefers_the_argument_then_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BNBENCH_DATA_DIR", str(tmp_path / "from environment"))
    assert data_folder(tmp_path) == tmp_path
    assert data_folder() == tmp_path / "from environment"
    monkeypatch.setenv("BNBENCH_DATA_DIR", "~/data")
    assert data_folder() == Path.home() / "data"
    cache = Path(platformdirs.user_cache_dir("bnbench", appauthor=False))
    monkeypatch.setenv("BNBENCH_DATA_DIR", "")
    assert data_folder() == cache
    monkeypatch.delenv("BNBENCH_DATA_DIR")
    assert data_folder() == cache


def test_read_dataset_returns_what_was_written(
    tiny: Dataset, tiny_folder: Path, tiny_arrays: dict[str, NDArray[np.uint8]]
) -> None:
    data = read_dataset(tiny, tiny_folder)
    found = (data.train.images, data.train.labels, data.test.images, data.test.labels)
    for array, expected in zip(found, tiny_arrays.values(), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_dataset_hash_is_of_the_unpacked_bytes(
    tiny: Dataset, tiny_folder: Path, tiny_files: dict[str, bytes]
) -> None:
    hashes = "".join(hashlib.sha256(content).hexdigest() for content in tiny_files.values())
    expected = hashlib.sha256(hashes.encode()).hexdigest()
    assert read_dataset(tiny, tiny_folder).dataset_hash == expected
    for path in (tiny_folder / "Tiny" / "raw").iterdir():
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert read_dataset(tiny, tiny_folder).dataset_hash == expected


def test_locate_wants_all_files(tiny: Dataset, tiny_folder: Path) -> None:
    raw = tiny_folder / "Tiny" / "raw"
    assert locate(tiny, tiny_folder) == raw
    (raw / "t10k-labels-idx1-ubyte").rename(raw / "t10k-labels-idx1-ubyte.gz")
    assert locate(tiny, tiny_folder) == raw
    (raw / "t10k-labels-idx1-ubyte.gz").unlink()
    assert locate(tiny, tiny_folder) is None
    assert locate(tiny, tiny_folder / "elsewhere") is None


def test_digits_has_no_files(tmp_path: Path) -> None:
    assert locate(find_dataset("digits"), tmp_path) is None
    assert verify(find_dataset("digits"), tmp_path) == []


def test_verify_reports_every_file(
    tiny: Dataset, tiny_folder: Path, tiny_files: dict[str, bytes]
) -> None:
    raw = tiny_folder / "Tiny" / "raw"
    good = verify(tiny, tiny_folder)
    assert all(check.ok and check.problem is None for check in good)
    assert [check.size for check in good] == [len(content) for content in tiny_files.values()]
    assert [check.md5 for check in good] == [
        hashlib.md5(content).hexdigest() for content in tiny_files.values()
    ]
    (raw / "train-images-idx3-ubyte").write_bytes(tiny_files["train-images-idx3-ubyte"][:-1])
    (raw / "train-labels-idx1-ubyte").unlink()
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"\x1f\x8bno gzip")
    problems = [check.problem or "" for check in verify(tiny, tiny_folder)]
    for problem, word in zip(problems, ["truncated", "missing", "cannot be read", ""], strict=True):
        assert word in problem
    assert problems[-1] == ""


def test_a_changed_pixel_is_refused_with_both_checksums(
    tiny: Dataset, tiny_folder: Path, tiny_files: dict[str, bytes]
) -> None:
    path = tiny_folder / "Tiny" / "raw" / "train-images-idx3-ubyte"
    changed = bytearray(tiny_files[path.name])
    changed[5_000] ^= 1
    path.write_bytes(changed)
    with pytest.raises(BnbenchError) as caught:
        read_dataset(tiny, tiny_folder)
    message = str(caught.value)
    for words in (
        str(path),
        hashlib.sha256(changed).hexdigest(),
        hashlib.sha256(tiny_files[path.name]).hexdigest(),
        "another file, not Tiny's train-images-idx3-ubyte",
        REMEDY,
    ):
        assert words in message
    assert "\n" not in message


def test_where_only_the_md5_is_known_it_is_what_counts(
    tiny: Dataset, tiny_folder: Path, tiny_files: dict[str, bytes]
) -> None:
    known = replace(tiny, files=tuple(replace(file, sha256=None) for file in tiny.files))
    assert read_dataset(known, tiny_folder).dataset_hash
    path = tiny_folder / "Tiny" / "raw" / "t10k-labels-idx1-ubyte"
    path.write_bytes(tiny_files[path.name][:-1] + b"\x0b")
    with pytest.raises(BnbenchError, match=r"its MD5 is .*, expected is"):
        read_dataset(known, tiny_folder)


def test_exchanged_files_are_called_by_their_names(
    tiny: Dataset, tiny_folder: Path, tiny_files: dict[str, bytes]
) -> None:
    raw = tiny_folder / "Tiny" / "raw"
    for name, other in (("train", "t10k"), ("t10k", "train")):
        content = tiny_files[f"{other}-images-idx3-ubyte"]
        (raw / f"{name}-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(BnbenchError, match=r"is Tiny's t10k-images.*, not Tiny's train-images"):
        read_dataset(tiny, tiny_folder)


def test_files_of_another_dataset_are_refused_by_name(
    tiny: Dataset, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(
        tiny,
        name="other",
        title="Other",
        files=tuple(replace(file, md5="0" * 32, sha256=None) for file in tiny.files),
    )
    monkeypatch.setitem(DATASETS, "other", other)
    with pytest.raises(BnbenchError, match=r"is Tiny's train-images.*, not Other's train-images"):
        read_dataset(other, tiny_folder)
