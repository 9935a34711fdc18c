"""Files of tensors that were made to run code, or to take all memory or time."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import torch

from bnbench.training.stored import ForeignError, load_tensors
from tests.edits import Hostile, saved

SECONDS = 2.0


def repacked(content: bytes, pickled: bytes | None = None, packed: int = 0) -> bytes:
    """Write the archive again, with another pickle in it, or packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", packed) as new:
        for member in old.infolist():
            is_pickle = member.filename.endswith("/data.pkl")
            part = pickled if is_pickle and pickled is not None else old.read(member)
            new.writestr(member.filename, part)
    return buffer.getvalue()


def refused(content: bytes) -> str:
    started = perf_counter()
    with pytest.raises(ForeignError) as caught:
        load_tensors(content)
    assert perf_counter() - started < SECONDS
    assert "weights_only" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        {"a": torch.arange(3), "b": {"c": [1.5, "x", None, True, (0.9, 0.999)]}},
        torch.nn.BatchNorm2d(3).state_dict(),
        {1: torch.zeros(2, 0), "half": torch.ones(2).half(), "bytes": torch.zeros(3).byte()},
    ],
)
def test_tensors_and_plain_values_come_back(content: Any) -> None:
    assert str(load_tensors(saved(content))) == str(content)


def test_code_is_named_and_not_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert "getattr" in refused(saved({"a": Hostile(made)}))
    assert refused(pickle.dumps(Hostile(made))) == "is no file of torch.save"
    assert not made.exists()


@pytest.mark.filterwarnings("ignore")  # torch says that it checks the indices
def test_tensors_of_other_kinds() -> None:
    assert "sparse" in refused(saved(torch.zeros(3).to_sparse()))
    assert "meta" in refused(saved(torch.zeros(3, device="meta")))


def test_a_packed_archive() -> None:
    """Of some megabytes it would make gigabytes."""
    zeros = saved(torch.zeros(1 << 20))
    packed = repacked(zeros, packed=zipfile.ZIP_DEFLATED)
    assert len(packed) < len(zeros) / 100
    assert "is packed" in refused(packed)


def test_tuples_within_tuples() -> None:
    """Whoever hashes a key of 40 of them is busy until the universe ends."""
    key: Any = ()
    for _ in range(40):
        key = (key, key)
    assert "tuples" in refused(repacked(saved({}), pickle.dumps([key], protocol=2)))


@pytest.mark.parametrize("content", [b"", b"PK", b"x" * 100, saved({})[:-30], saved({})[30:]])
def test_what_is_no_archive(content: bytes) -> None:
    assert refused(content) == "is no file of torch.save"


def test_a_part_that_is_there_twice() -> None:
    buffer = io.BytesIO(saved({}))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(archive.infolist()[0].filename, b"")
    assert "twice" in refused(buffer.getvalue())
