"""What every resampling here shares: where its randomness comes from, and how much at once."""

from __future__ import annotations

import numpy as np

Seed = int | np.random.Generator
"""What decides every resample: a number (two calls agree), or a generator (which moves on)."""


def chunk_sizes(total: int, size: int) -> list[int]:
    """Split a number of resamples into chunks, so that memory is bounded.

    >>> chunk_sizes(25, 10)
    [10, 10, 5]
    """
    return [min(size, total - start) for start in range(0, total, size)]
