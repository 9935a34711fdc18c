"""Tensors and plain values from a file that may come from anywhere: no code, no flood of memory."""

from __future__ import annotations

import io
import pickletools
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch

from bnbench.foreign import MEBIBYTE

MOST_BYTES = 512 * MEBIBYTE
"""Of a checkpoint; those of the networks here take one."""

BUILT = frozenset(
    {"collections OrderedDict", "torch._utils _rebuild_tensor_v2"}
    | {f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16")}
    | {f"torch {kind}Storage" for kind in ("Long", "Int", "Short", "Char", "Byte", "Bool")}
)
"""What dense tensors on any device and dicts of them are built by, and nothing else."""

MOST_TUPLES_AGAIN = 16
"""Tuples of tuples, each twice in the next, take time and memory that double with each."""


class ForeignError(Exception):
    """Says why bytes are not what `torch.save` makes of tensors and plain values."""


def load_tensors(content: bytes) -> Any:
    """Read what `torch.save` has written: dense tensors, numbers, texts, and collections of them.

    PyTorch's own safe reading runs no code, but it unpacks what was packed, and builds sparse
    tensors of any size, of a file of some bytes.

    Raises
    ------
    ForeignError
        If it is anything else.
    """
    try:
        _refuse_others(_pickled(content))
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except ForeignError:
        raise
    except Exception as error:  # noqa: BLE001 - torch and zipfile raise what they like
        why = str(error).partition("\n")[0]  # PyTorch goes on with advice to load it as code
        raise ForeignError(f"{type(error).__name__}: {why}"[:200]) from None


def _pickled(content: bytes) -> bytes:
    """Take the pickle out of the archive, in which nothing is packed and nothing is there twice."""
    try:
        with ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if any(member.compress_type != ZIP_STORED for member in members):
                raise ForeignError("is packed, which torch.save never does")
            if len(names) < len(members) or sum(member.file_size for member in members) > len(
                content
            ):
                raise ForeignError("holds a part twice")
            (pickled,) = (name for name in names if name.endswith("/data.pkl"))
            return archive.read(pickled)
    except (BadZipFile, ValueError, RuntimeError, NotImplementedError):
        raise ForeignError("is no file of torch.save") from None


def _refuse_others(pickled: bytes) -> None:
    tuples = set[object]()
    previous, again = "", 0
    for opcode, argument, _ in pickletools.genops(pickled):
        if opcode.name == "GLOBAL" and argument not in BUILT:
            raise ForeignError(f"holds a {str(argument)[:80]}")
        if opcode.name in ("BINPUT", "LONG_BINPUT") and previous.startswith("TUPLE"):
            tuples.add(argument)
        if opcode.name in ("BINGET", "LONG_BINGET") and argument in tuples:
            again += 1
        if again > MOST_TUPLES_AGAIN:
            raise ForeignError("holds tuples within tuples without end")
        previous = opcode.name
