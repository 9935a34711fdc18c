"""The IDX file format of MNIST: a magic number, the dimensions, then the bytes.

References
----------
.. [1] Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section
   "File formats".
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bnbench.errors import BnbenchError
from bnbench.foreign import open_regular

REMEDY: Final = "remove it and run `bnbench data fetch`"

_GZIP: Final = b"\x1f\x8b"
_UNSIGNED_BYTES: Final = b"\x00\x00\x08"
_LARGEST: Final = 2**28  # bytes, five times MNIST's largest file: here a gzip bomb ends
_MOST_DIMENSIONS: Final = 8  # MNIST's files have one and three


def read_content(path: Path) -> bytearray:
    """Read the bytes of a file, unpacked if it is gzip-compressed.

    Its first bytes, not its name, say whether it is: browsers unpack a download and keep the
    ``.gz``.
    """
    try:
        with open_regular(path) as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if packed else file
            content = bytearray(stream.read(_LARGEST + 1))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BnbenchError(f"{path}: cannot be read ({reason}); {REMEDY}") from error
    if len(content) > _LARGEST:
        raise BnbenchError(f"{path}: holds more than {_LARGEST:,} bytes; {REMEDY}")
    return content


def parse_idx(content: bytearray, path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes: view all behind its header as an array, without a copy.

    Parameters
    ----------
    content : bytearray
        The whole unpacked file. The array shares its memory, which stays writable because
        PyTorch warns of tensors that it may not write to.
    path : Path
        Where the bytes come from, for the message.

    Returns
    -------
    NDArray[np.uint8]
        In the shape that the header gives: (N, 28, 28) for images, (N,) for labels.
    """
    count = content[3] if content.startswith(_UNSIGNED_BYTES) and len(content) > 3 else 0
    if not 1 <= count <= _MOST_DIMENSIONS:
        raise BnbenchError(
            f"{path}: is not an IDX file of unsigned bytes, it begins with "
            f"{bytes(content[:12])!r}; {REMEDY}"
        )
    start = 4 + 4 * count
    shape = tuple(int.from_bytes(content[place : place + 4], "big") for place in range(4, start, 4))
    promised = start + math.prod(shape)
    if len(content) < start or len(content) != promised:
        state = "truncated" if len(content) < max(start, promised) else "too long"
        raise BnbenchError(
            f"{path}: is {state}, {len(content):,} bytes where its header says {promised:,}; "
            f"{REMEDY}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
