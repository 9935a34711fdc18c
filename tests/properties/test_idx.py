"""IDX: what is written is read, and nothing else is."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bnbench.data.idx import parse_idx, read_content
from bnbench.errors import BnbenchError
from tests.unit.data.conftest import idx_bytes

images = arrays.arrays(np.uint8, arrays.array_shapes(max_dims=4, min_side=0, max_side=5))
somewhere = Path("somewhere")


@given(images, st.booleans())
def test_round_trip(array: NDArray[np.uint8], packed: bool) -> None:
    content = idx_bytes(array)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "array"
        path.write_bytes(gzip.compress(content) if packed else content)
        found = parse_idx(read_content(path), path)
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


@given(images, st.data())
def test_no_prefix_is_a_file(array: NDArray[np.uint8], data: st.DataObject) -> None:
    content = idx_bytes(array)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(BnbenchError):
        parse_idx(bytearray(content[:cut]), somewhere)


@given(images, st.binary(min_size=1))
def test_nothing_may_follow(array: NDArray[np.uint8], more: bytes) -> None:
    with pytest.raises(BnbenchError, match="too long"):
        parse_idx(bytearray(idx_bytes(array) + more), somewhere)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        array = parse_idx(bytearray(content), somewhere)
    except BnbenchError:
        return
    assert idx_bytes(array) == content
