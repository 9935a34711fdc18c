"""Arrays from anywhere: what was written comes back, anything else is refused and costs nothing."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from typing import Any

import numpy as np
import pytest

from bnbench.runs.arrays import ForeignArrayError, parse_array, parse_arrays

MOST = 1 << 20


def saved(**arrays: Any) -> bytes:
    np.savez_compressed(buffer := io.BytesIO(), allow_pickle=True, **arrays)
    return buffer.getvalue()


def packed(name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def test_what_numpy_wrote_comes_back() -> None:
    arrays = {"step": np.arange(3), "losses": np.ones((3, 2), np.float32)}
    found = parse_arrays(saved(**arrays), MOST)
    assert found.keys() == arrays.keys()
    assert all((found[name] == arrays[name]).all() for name in arrays)


HEADER = b"\x93NUMPY\x01\x00\x76\x00"
TERABYTE = HEADER + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}".ljust(
    118
)


@pytest.mark.parametrize(
    "content",
    [
        saved(step=np.array([{}])), packed("step.npy", TERABYTE), packed("step.npy", b""),
        packed("step.npy", HEADER + b"("), packed("step", bytes(2 * MOST)), b"", b"PK\x03\x04",
        saved(step=np.arange(3))[:-30],
    ],
)  # fmt: skip
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ForeignArrayError):
        parse_arrays(content, MOST)


def test_an_archive_that_unpacks_to_much_is_not_unpacked() -> None:
    """Two hundred megabytes of nothing are two hundred kilobytes packed."""
    content = packed("step.npy", bytes(200 * MOST))
    tracemalloc.start()
    with pytest.raises(ForeignArrayError, match="unpacks to more"):
        parse_arrays(content, MOST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST


def test_a_header_that_promises_a_terabyte() -> None:
    with pytest.raises(ForeignArrayError):
        parse_array(TERABYTE)
