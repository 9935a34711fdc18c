"""Numbers in memory that several threads read and write at once, by LLVM's own operations."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

ORDER = "seq_cst"


def _pointer(builder: Any, address: ir.Value) -> ir.Value:
    return builder.inttoptr(address, ir.IntType(64).as_pointer())


@intrinsic
def load(_typing, address):
    """Read the number at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.load_atomic(_pointer(builder, values[0]), ORDER, 8)

    return types.int64(types.int64), generate


@intrinsic
def store(_typing, address, value):
    """Write a number, after everything that was written before it."""

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        builder.store_atomic(values[1], _pointer(builder, values[0]), ORDER, 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def add(_typing, address, value):
    """Add to the number at an address; what it was before."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.atomic_rmw("add", _pointer(builder, values[0]), values[1], ORDER)

    return types.int64(types.int64, types.int64), generate


@intrinsic
def replace(_typing, address, expected, value):
    """Write a number where another is expected; whether it was there."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        pointer = _pointer(builder, values[0])
        pair = builder.cmpxchg(pointer, values[1], values[2], ORDER, ORDER)
        return builder.extract_value(pair, 1)

    return types.boolean(types.int64, types.int64, types.int64), generate
