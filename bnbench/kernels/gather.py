"""The images of a batch, gathered with the batch innermost in one pass over them.

PyTorch gathers first and transposes then: two passes.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from bnbench.kernels.arrays import LIKE, Call, addresses_of
from bnbench.kernels.loops import kept
from bnbench.kernels.tiles import array_at

AT_ONCE = 16  # numbers of an image: those of a cache line


def gather(images: Tensor, indices: Tensor, into: Tensor) -> None:
    """Copy images.

    Parameters
    ----------
    images : Tensor, shape (M, ...)
        Contiguous.
    indices : Tensor of int64, shape (N,)
    into : Tensor, shape (..., N)
        Contiguous.
    """
    sizes = len(images), images[0].numel(), len(indices)
    arrays = images, indices.contiguous(), into
    Call(_gather, (LIKE[images.dtype], addresses_of(*arrays), sizes), arrays)()


@kept
def _gather(like, addresses, sizes):
    """Copy the images at some indices, ``into[p, n] = images[indices[n], p]``.

    Parameters
    ----------
    like : float32 or float64
        The type of the images.
    addresses : tuple of int
        Of images (M, P), indices (N,), int64, and into (P, N).
    sizes : tuple of int
        M, P and N.
    """
    there, pixels, examples = sizes
    images = array_at(addresses[0], there * pixels, like)
    indices = array_at(addresses[1], examples, np.int64(0))
    into = array_at(addresses[2], pixels * examples, like)
    tile = np.empty(AT_ONCE * examples, images.dtype)
    for index in indices:
        if index < 0 or index >= there:
            raise IndexError("an index of no image")
    for start in range(0, pixels, AT_ONCE):
        length = min(AT_ONCE, pixels - start)
        for n in range(examples):
            place = indices[n] * pixels + start
            tile[n * AT_ONCE : n * AT_ONCE + length] = images[place : place + length]
        for p in range(length):
            row = into[(start + p) * examples : (start + p + 1) * examples]
            for n in range(examples):
                row[n] = tile[n * AT_ONCE + p]
