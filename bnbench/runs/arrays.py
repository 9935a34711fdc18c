"""Arrays as NumPy writes them, of which no header is believed: no pickle, no more than is there."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from bnbench.foreign import read_foreign
from bnbench.runs.tables import not_as_written


class ForeignArrayError(Exception):
    """What was read is no array that bnbench wrote."""


def parse_array(content: bytes) -> NDArray[Any]:
    """Read header and numbers apart: NumPy would make room for whatever a header promises.

    Raises
    ------
    ForeignArrayError
    """
    stream = BytesIO(content)
    try:
        np.lib.format.read_magic(stream)
        shape, in_columns, dtype = np.lib.format.read_array_header_1_0(stream)
        if in_columns or dtype.hasobject:
            raise ValueError
        return np.frombuffer(stream.read(), dtype).reshape(shape)
    except Exception:  # noqa: BLE001 - NumPy raises what it likes on a bad header
        raise ForeignArrayError("is no array") from None


def read_arrays(path: Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    """Read an ``.npz`` of a run: name -> array; see `parse_arrays`."""
    try:
        return parse_arrays(read_foreign(path, most_bytes), most_bytes)
    except ForeignArrayError as error:
        raise not_as_written(path, str(error)) from None


def parse_arrays(content: bytes, most_bytes: int) -> dict[str, NDArray[Any]]:
    """Read an ``.npz``: name -> array.

    Parameters
    ----------
    most_bytes : int
        Unpacked; an archive of more is refused before it is.

    Raises
    ------
    ForeignArrayError
    """
    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) <= most_bytes:
                members = {name: archive.read(name) for name in archive.namelist()}
                return {
                    name.removesuffix(".npy"): parse_array(member)
                    for name, member in members.items()
                }
    except ForeignArrayError:
        raise
    except Exception:  # noqa: BLE001 - zipfile and zlib raise what they like on foreign bytes
        raise ForeignArrayError("is no archive of arrays") from None
    raise ForeignArrayError("unpacks to more than bnbench writes")
