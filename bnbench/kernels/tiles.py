"""The two innermost loops of a convolution, in vectors: sums that stay in registers.

A compiler vectorizes one loop well, but does not keep a tile of sums in registers over the loops
around it; here the tile is written out for each size that occurs. On 32 registers of 16 floats a
tile of 6 maps times 64 examples takes 24, and each load of a row of examples serves 6 products.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.registry import cpu_target
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

INT = ir.IntType(64)


def _tile() -> tuple[int, int, int]:
    """Choose the floats of a vector, vectors of a row and maps of a weights' tile."""
    if "+avx512f" in cpu_target.target_context.codegen()._get_host_cpu_features():
        return 16, 4, 4  # 32 registers
    if platform.machine().lower() in ("arm64", "aarch64"):
        return 4, 4, 4  # 32 registers
    return 8, 2, 2  # AVX2's 16


LANES, ROW, WEIGHT_MAPS = _tile()
MAPS = 6  # of a tile of sums
TAPS = 5  # of a tile of the weights' gradient


def _constant(number: int) -> ir.Constant:
    return ir.Constant(INT, number)


class _Code:
    """What both tiles write: loads, stores and sums of vectors of an array's type."""

    def __init__(self, builder: Any, kind: types.Array) -> None:
        self.builder = builder
        double = kind.dtype == types.float64
        self.element = ir.DoubleType() if double else ir.FloatType()
        self.lanes = LANES // 2 if double else LANES
        self.vector = ir.VectorType(self.element, self.lanes)
        self.suffix = f"v{self.lanes}f{64 if double else 32}"
        self.alignment = 8 if double else 4
        self.zero = ir.Constant(self.vector, None)

    def place(self, start: ir.Value, *steps: tuple[ir.Value, ir.Value | int]) -> ir.Value:
        """Add multiples of steps to a place."""
        for step, count in steps:
            times = _constant(count) if isinstance(count, int) else count
            start = self.builder.add(start, self.builder.mul(step, times))
        return start

    def call(self, name: str, result: ir.Type, *arguments: ir.Value, **flags: Any) -> ir.Value:
        """Call one of LLVM's own functions on vectors."""
        kind = ir.FunctionType(result, [one.type for one in arguments])
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}")
        return self.builder.call(function, arguments, **flags)

    def splat(self, value: ir.Value, lanes: int | None = None) -> ir.Value:
        """Write a number into every lane."""
        vector = ir.VectorType(value.type, lanes or self.lanes)
        nothing = ir.Constant(vector, ir.Undefined)
        first = self.builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
        return self.builder.shuffle_vector(first, nothing, zeros)

    def mask(self, count: ir.Value) -> ir.Value:
        """Mark the first lanes."""
        numbers = ir.Constant(ir.VectorType(INT, self.lanes), list(range(self.lanes)))
        return self.builder.icmp_signed("<", numbers, self.splat(count))

    def number(self, array: ir.Value, place: ir.Value) -> ir.Value:
        """Load one number."""
        return self.builder.load(self.builder.gep(array, [place]))

    def _at(self, array: ir.Value, place: ir.Value) -> ir.Value:
        return self.builder.bitcast(self.builder.gep(array, [place]), self.vector.as_pointer())

    def load(self, array: ir.Value, place: ir.Value, mask: ir.Value | None) -> ir.Value:
        """Load a vector; lanes that are masked out are 0."""
        if mask is None:
            return self.builder.load(self._at(array, place), align=self.alignment)
        name = f"masked.load.{self.suffix}.p0"
        alignment = ir.Constant(ir.IntType(32), self.alignment)
        return self.call(name, self.vector, self._at(array, place), alignment, mask, self.zero)

    def store(
        self, value: ir.Value, array: ir.Value, place: ir.Value, mask: ir.Value | None
    ) -> None:
        """Store the lanes of a vector that are not masked out."""
        if mask is None:
            self.builder.store(value, self._at(array, place), align=self.alignment)
        else:
            name = f"masked.store.{self.suffix}.p0"
            alignment = ir.Constant(ir.IntType(32), self.alignment)
            self.call(name, ir.VoidType(), value, self._at(array, place), alignment, mask)

    def variable(self, value: ir.Value) -> ir.Value:
        """Make a variable, which the compiler keeps in a register."""
        variable = cgutils.alloca_once(self.builder, value.type)
        self.builder.store(value, variable)
        return variable

    def add_product(self, variable: ir.Value, one: ir.Value, other: ir.Value) -> None:
        """Add a product to a variable, rounded once."""
        before = self.builder.load(variable)
        after = self.call(f"fma.{self.suffix}", self.vector, one, other, before)
        self.builder.store(after, variable)

    def cases(self, value: ir.Value, bodies: dict[int, Callable[[], None]]) -> None:
        """Do the body that a number names."""
        builder = self.builder
        end = builder.append_basic_block("end")
        switch = builder.switch(value, end)
        for number, body in bodies.items():
            block = builder.append_basic_block(f"case{number}")
            switch.add_case(_constant(number), block)
            builder.position_at_end(block)
            body()
            builder.branch(end)
        builder.position_at_end(end)


@intrinsic
def array_at(_typing, address, size, like):
    """View `size` numbers of the type of `like` from an address on, as an array.

    PyTorch tells a tensor's address in a tenth of the time that it takes to make an array of it.
    """
    kind = types.Array(like, 1, "C")

    def generate(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        array = context.make_array(kind)(context, builder)
        bytes_each = context.get_abi_sizeof(context.get_data_type(like))
        populate_array(
            array,
            data=builder.inttoptr(values[0], array.data.type),
            shape=[values[1]],
            strides=[_constant(bytes_each)],
            itemsize=_constant(bytes_each),
            meminfo=None,
        )
        return array._getvalue()

    return kind(address, size, like), generate


@intrinsic
def number(_typing, bits):
    """Read the bits of a whole number as a float64."""

    def generate(_context: Any, builder: Any, _signature: Any, values: Any) -> Any:
        return builder.bitcast(values[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def fused(_typing, one, other, term):
    """Compute ``one * other + term``, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        name = "llvm.fma.f64" if signature.return_type == types.float64 else "llvm.fma.f32"
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind] * 3), name
        )
        return builder.call(function, values)

    kind = max(one, other, term, key=lambda one: one.bitwidth)
    return kind(kind, kind, kind), generate


def _arrays(context: Any, builder: Any, kinds: Sequence[Any], arrays: Sequence[Any]) -> list[Any]:
    return [context.make_array(kind)(context, builder, array).data
            for kind, array in zip(kinds, arrays, strict=True)]  # fmt: skip


@intrinsic
def sum_products(
    _typing, source, weights, bias, target, counts, of_source, of_weights, of_target, maps, examples
):
    """Fill a tile: a pixel of some maps, for a row of examples.

    ``target[m, n] = bias[m] + sum over c, a, b of weights[m, c, a, b] source[c, a, b, n]``

    Parameters
    ----------
    source, weights, bias, target : arrays, shape (any,)
    counts : tuple of int
        Of c, a and b.
    of_source : tuple of int
        The place of ``source[0, 0, 0, 0]``, and the steps of c, a and b from there.
    of_weights : tuple of int
        The place of ``weights[0, 0, 0, 0]``, and the steps of m, c, a and b.
    of_target : tuple of int
        The place of ``bias[0]``, that of ``target[0, 0]``, and its step of m.
    maps : int
        1 ... `MAPS`.
    examples : int
        A whole row of them, or at most one vector.
    """
    arguments = source, weights, bias, target, counts, of_source, of_weights, of_target
    signature = types.void(*arguments, maps, examples)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        code = _Code(builder, signature.args[0])
        x, w, b, y = _arrays(context, builder, signature.args[:4], values[:4])
        channels, rows, columns = cgutils.unpack_tuple(builder, values[4])
        x_start, x_channel, x_row, x_column = cgutils.unpack_tuple(builder, values[5])
        w_start, w_map, w_channel, w_row, w_column = cgutils.unpack_tuple(builder, values[6])
        b_start, y_start, y_map = cgutils.unpack_tuple(builder, values[7])

        def fill(maps: int, vectors: int, mask: Any) -> None:
            sums = []
            for one in range(maps):
                start = code.splat(code.number(b, builder.add(b_start, _constant(one))))
                sums.append([code.variable(start) for _ in range(vectors)])
            with cgutils.for_range(builder, channels) as c, cgutils.for_range(builder, rows) as r:
                row = code.place(x_start, (x_channel, c.index), (x_row, r.index))
                of_row = code.place(w_start, (w_channel, c.index), (w_row, r.index))
                with cgutils.for_range(builder, columns) as column:
                    at = code.place(row, (x_column, column.index))
                    weight = code.place(of_row, (w_column, column.index))
                    loaded = [code.load(x, builder.add(at, _constant(code.lanes * v)), mask)
                              for v in range(vectors)]  # fmt: skip
                    for one in range(maps):
                        factor = code.splat(code.number(w, code.place(weight, (w_map, one))))
                        for vector in range(vectors):
                            code.add_product(sums[one][vector], loaded[vector], factor)
            for one in range(maps):
                at = code.place(y_start, (y_map, one))
                for vector in range(vectors):
                    value = builder.load(sums[one][vector])
                    code.store(value, y, builder.add(at, _constant(code.lanes * vector)), mask)

        def each(vectors: int, mask: Any) -> None:
            code.cases(values[8], {
                number: lambda number=number: fill(number, vectors, mask)  # type: ignore[misc]
                for number in range(1, MAPS + 1)
            })  # fmt: skip

        whole = builder.icmp_signed("==", values[9], _constant(code.lanes * ROW))
        with builder.if_else(whole) as (then, otherwise):
            with then:
                each(ROW, None)
            with otherwise:
                each(1, code.mask(values[9]))
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def add_correlations(
    _typing, source, gradient, target, rows, length, of_source, of_gradient, of_target, maps, taps
):
    """Add a tile of a kernel's gradient.

    ``target[m, b] += sum over r, t of gradient[m, r, t] source[r, b, t]``

    Parameters
    ----------
    source, gradient, target : arrays, shape (any,)
    rows, length : int
        Of r and t.
    of_source : tuple of int
        The place of ``source[0, 0, 0]``, and the steps of r and b.
    of_gradient : tuple of int
        The place of ``gradient[0, 0, 0]``, and the steps of m and r.
    of_target : tuple of int
        The place of ``target[0, 0]``, and the step of m.
    maps : int
        1 ... `WEIGHT_MAPS`.
    taps : int
        1 ... `TAPS`, of b.
    """
    arguments = source, gradient, target, rows, length, of_source, of_gradient, of_target
    signature = types.void(*arguments, maps, taps)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        code = _Code(builder, signature.args[0])
        x, g, w = _arrays(context, builder, signature.args[:3], values[:3])
        rows, length = values[3:5]
        x_start, x_row, x_tap = cgutils.unpack_tuple(builder, values[5])
        g_start, g_map, g_row = cgutils.unpack_tuple(builder, values[6])
        w_start, w_map = cgutils.unpack_tuple(builder, values[7])
        rest = builder.srem(length, _constant(code.lanes))
        whole = builder.sub(length, rest)

        def add(maps: int, taps: int) -> None:
            sums = [[code.variable(code.zero) for _ in range(taps)] for _ in range(maps)]

            def step(at: Any, of_gradient: Any, mask: Any) -> None:
                loaded = [code.load(x, code.place(at, (x_tap, tap)), mask) for tap in range(taps)]
                for one in range(maps):
                    factor = code.load(g, code.place(of_gradient, (g_map, one)), mask)
                    for tap in range(taps):
                        code.add_product(sums[one][tap], loaded[tap], factor)

            with cgutils.for_range(builder, rows) as row:
                at = code.place(x_start, (x_row, row.index))
                of_gradient = code.place(g_start, (g_row, row.index))
                lanes = _constant(code.lanes)
                with cgutils.for_range_slice(
                    builder, _constant(0), whole, lanes, inc=True
                ) as (t, _):  # fmt: skip
                    step(builder.add(at, t), builder.add(of_gradient, t), None)
                with builder.if_then(builder.icmp_signed(">", rest, _constant(0))):
                    mask = code.mask(rest)
                    step(builder.add(at, whole), builder.add(of_gradient, whole), mask)
            for one in range(maps):
                for tap in range(taps):
                    total = code.call(
                        f"vector.reduce.fadd.{code.suffix}", code.element,
                        ir.Constant(code.element, 0.0), builder.load(sums[one][tap]),
                        fastmath=("reassoc",),
                    )  # fmt: skip
                    place = builder.gep(w, [code.place(w_start, (w_map, one), (_constant(tap), 1))])
                    builder.store(builder.fadd(builder.load(place), total), place)

        number = code.place(values[9], (values[8], TAPS + 1))
        code.cases(number, {
            one * (TAPS + 1) + tap: lambda one=one, tap=tap: add(one, tap)  # type: ignore[misc]
            for one in range(1, WEIGHT_MAPS + 1)
            for tap in range(1, TAPS + 1)
        })  # fmt: skip
        return context.get_dummy_value()

    return signature, generate
