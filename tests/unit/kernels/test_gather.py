"""Batches gathered with the batch innermost, against PyTorch's indexing."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bnbench.kernels.gather import gather


@given(
    indices=st.lists(st.integers(0, 4), min_size=1, max_size=40),
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_it_is_indexing(
    indices: list[int], sizes: tuple[int, int, int], dtype: torch.dtype
) -> None:
    images = torch.arange(5 * torch.Size(sizes).numel(), dtype=dtype).view(5, *sizes)
    into = images.new_empty(*sizes, len(indices))
    gather(images, torch.tensor(indices), into)
    assert torch.equal(into.permute(3, 0, 1, 2), images[indices])


@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_of_no_image(index: int) -> None:
    images = torch.zeros(5, 1, 2, 2)
    with pytest.raises(IndexError, match="an index of no image"):
        gather(images, torch.tensor([0, index]), torch.empty(1, 2, 2, 2))
