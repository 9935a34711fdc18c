"""Loops over maps stored as (C, H, W, N): channels, rows, columns, and N examples innermost.

All arrays are flat. Loops go over slices of them, indexed by the loop's variable alone: an index
with an offset would keep a check for negative ones in the loop, and it would not be vectorized.
Sums may be taken in any order, but numbers that are infinite or NaN keep what they mean.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from bnbench.kernels.cache import use_cache

use_cache()  # before the first function

from bnbench.kernels.tiles import (  # noqa: E402
    LANES,
    MAPS,
    ROW,
    TAPS,
    WEIGHT_MAPS,
    add_correlations,
    sum_products,
)

NO_ACTIVATION, TANH, RELU, SIGMOID = range(4)
NO_POOL, AVERAGE, MAXIMUM = range(3)

compiled = numba.njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"}
)


@compiled
def correlate(source, kernel, bias, target, shape, kernel_steps, before):
    """Sum the products of a kernel with the maps around each pixel, which are 0 outside.

    ``target[o, i, j] = bias[o] + sum over c, a, b of
    kernel[o, c, a, b] source[c, i + a - before, j + b - before]``

    Parameters
    ----------
    source : array, shape (C H W N,)
    kernel : array
    bias : array, shape (O,)
    target : array, shape (O H' W' N,)
    shape : tuple of int
        C, H, W, O, H', W', K, N.
    kernel_steps : tuple of int
        The place of ``kernel[0, 0, 0, 0]``, and the steps of o, c, a and b.
    before : int
    """
    c, h, w, o, h_out, w_out, k, n = shape
    start, o_step, c_step, a_step, b_step = kernel_steps
    lanes = LANES * 4 // source.itemsize
    blocks = (o + MAPS - 1) // MAPS
    for i in range(h_out):
        a0, a1 = max(0, before - i), min(k, h + before - i)
        for block in range(blocks):
            first = block * o // blocks
            maps = (block + 1) * o // blocks - first
            for j in range(w_out):
                b0, b1 = max(0, before - j), min(k, w + before - j)
                x = ((i + a0 - before) * w + j + b0 - before) * n
                weight = start + first * o_step + a0 * a_step + b0 * b_step
                y = ((first * h_out + i) * w_out + j) * n
                done = 0
                while done < n:
                    examples = lanes * ROW if n - done >= lanes * ROW else min(lanes, n - done)
                    sum_products(
                        source, kernel, bias, target, (c, a1 - a0, b1 - b0),
                        (x + done, h * w * n, w * n, n),
                        (weight, o_step, c_step, a_step, b_step),
                        (first, y + done, h_out * w_out * n), maps, examples,
                    )  # fmt: skip
                    done += examples


@compiled
def kernel_gradient(source, gradient, target, shape):
    """Correlate maps with the gradient of their convolution's result.

    ``target[o, c, a, b] = sum over i, j, n of
    gradient[o, i, j, n] source[c, i + a, j + b, n]``

    Parameters
    ----------
    source : array, shape (C H W N,)
        With the zeros around it.
    gradient : array, shape (O H' W' N,)
    target : array, shape (O C K K,)
    shape : tuple of int
        C, H, W, O, H', W', K, N.
    """
    c, h, w, o, h_out, w_out, k, n = shape
    target[:] = 0
    blocks, parts = (o + WEIGHT_MAPS - 1) // WEIGHT_MAPS, (k + TAPS - 1) // TAPS
    for block in range(blocks):
        first = block * o // blocks
        maps = (block + 1) * o // blocks - first
        for channel in range(c):
            for a in range(k):
                for part in range(parts):
                    b = part * k // parts
                    taps = (part + 1) * k // parts - b
                    add_correlations(
                        source, gradient, target, h_out, w_out * n,
                        (((channel * h + a) * w + b) * n, w * n, n),
                        (first * h_out * w_out * n, h_out * w_out * n, w_out * n),
                        (((first * c + channel) * k + a) * k + b, c * k * k), maps, taps,
                    )  # fmt: skip


@compiled
def transpose(source, target, rows, columns):
    """Write rows as columns: source (rows, columns) to target (columns, rows), in blocks."""
    side = 16
    for i in range(0, rows, side):
        for j in range(0, columns, side):
            for jj in range(j, min(j + side, columns)):
                into = target[jj * rows : (jj + 1) * rows]
                for ii in range(i, min(i + side, rows)):
                    into[ii] = source[ii * columns + jj]


# tanh x = x P(x^2) / Q(x^2): fitted to the least largest error, relative to max(tanh x, 0.02), on
# (0, 8], where the error is 6e-9; float32's own rounding makes 4e-7 of it.
_P = tuple(np.float32(p) for p in (
    0.9999999935358449, 0.1344448623417066, 0.00357158414019523, 2.1894434619983558e-05,
    1.523010094093011e-08,
))  # fmt: skip
_Q = tuple(np.float32(q) for q in (
    1.0, 0.46777813543576074, 0.02616438996200527, 0.0003411269381971693, 8.522317591586578e-07,
))  # fmt: skip
_LAST = np.float32(8.0)  # the tanh of more is within 2.3e-7 of that of 8


@compiled
def _tanh(row):
    if row.itemsize == 8:
        for t in range(row.size):
            row[t] = math.tanh(row[t])
    else:
        for t in range(row.size):
            x = row[t]
            x = _LAST if x > _LAST else -_LAST if x < -_LAST else x  # a NaN is neither
            s = x * x
            p = _P[0] + s * (_P[1] + s * (_P[2] + s * (_P[3] + s * _P[4])))
            q = _Q[0] + s * (_Q[1] + s * (_Q[2] + s * (_Q[3] + s * _Q[4])))
            row[t] = x * p / q


@compiled
def _activate(row, activation):
    """Apply an activation in place."""
    half = row.dtype.type(0.5)
    if activation == TANH:
        _tanh(row)
    elif activation == RELU:
        for t in range(row.size):
            row[t] = 0 if row[t] < 0 else row[t]
    elif activation == SIGMOID:  # (1 + tanh(x / 2)) / 2
        for t in range(row.size):
            row[t] *= half
        _tanh(row)
        for t in range(row.size):
            row[t] = half + half * row[t]


@compiled
def _multiply_by_slope(gradient, y, activation):
    """Multiply by an activation's derivative where its value is y, in place."""
    one = y.dtype.type(1)
    if activation == TANH:
        for t in range(y.size):
            gradient[t] *= one - y[t] * y[t]
    elif activation == RELU:
        for t in range(y.size):
            gradient[t] = 0 if y[t] <= 0 else gradient[t]
    elif activation == SIGMOID:
        for t in range(y.size):
            gradient[t] *= y[t] * (one - y[t])


@compiled
def activate_and_pool(source, scale, shift, target, pooled, places, shape, activation, pool):
    """Scale and shift each map, apply the activation, and pool blocks of 2 x 2.

    Parameters
    ----------
    source : array, shape (C H W N,)
    scale, shift : array, shape (C,)
    target : array, shape (C H W N,)
        The activated maps; may be `source`.
    pooled : array, shape (C H/2 W/2 N,)
    places : array of uint8, shape (C H/2 W/2 N,)
        Which of the four is the maximum, row by row.
    shape : tuple of int
        C, H, W, N; with a pool H and W are even.
    activation, pool : int
    """
    c, h, w, n = shape
    for channel in range(c):
        factor, term = scale[channel], shift[channel]
        for i in range(h):
            place = (channel * h + i) * w * n
            x, y = source[place : place + w * n], target[place : place + w * n]
            for t in range(w * n):
                y[t] = factor * x[t] + term
            _activate(y, activation)
            if pool != NO_POOL and i % 2 == 1:
                into = (channel * (h // 2) + i // 2) * (w // 2) * n
                for j in range(w // 2):
                    a = place - w * n + 2 * j * n
                    b = place + 2 * j * n
                    to = into + j * n
                    _pool(
                        target[a : a + n], target[a + n : a + 2 * n],
                        target[b : b + n], target[b + n : b + 2 * n],
                        pooled[to : to + n], places, to, pool,
                    )  # fmt: skip


@compiled
def _pool(a, b, c, d, pooled, places, to, pool):
    if pool == AVERAGE:
        quarter = pooled.dtype.type(0.25)
        for t in range(pooled.size):
            pooled[t] = quarter * ((a[t] + b[t]) + (c[t] + d[t]))
        return
    where = places[to : to + pooled.size]
    for t in range(pooled.size):
        most, place = a[t], np.uint8(0)  # as PyTorch: the first of equal ones, the last NaN
        if b[t] > most or b[t] != b[t]:
            most, place = b[t], np.uint8(1)
        if c[t] > most or c[t] != c[t]:
            most, place = c[t], np.uint8(2)
        if d[t] > most or d[t] != d[t]:
            most, place = d[t], np.uint8(3)
        pooled[t] = most
        where[t] = place


@compiled
def undo_pool_and_activation(gradient, y, places, target, sums, shape, activation, pool):
    """Take a gradient back through pool and activation, and sum it over each map.

    Parameters
    ----------
    gradient : array, shape (C H/2 W/2 N,), or (C H W N,) without a pool
    y : array, shape (C H W N,)
        The activated maps.
    places : array of uint8
        Of `activate_and_pool`.
    target : array, shape (C H W N,)
    sums : array, shape (C,)
    shape, activation, pool
        As for `activate_and_pool`.
    """
    c, h, w, n = shape
    for channel in range(c):
        total = 0.0
        for i in range(h):
            place = (channel * h + i) * w * n
            row = target[place : place + w * n]
            if pool == NO_POOL:
                above = gradient[place : place + w * n]
                for t in range(w * n):
                    row[t] = above[t]
            else:
                into = (channel * (h // 2) + i // 2) * (w // 2) * n
                for j in range(w // 2):
                    of = into + j * n
                    at = place + 2 * j * n
                    _spread(
                        gradient[of : of + n], places, of, i % 2,
                        target[at : at + n], target[at + n : at + 2 * n], pool,
                    )  # fmt: skip
            _multiply_by_slope(row, y[place : place + w * n], activation)
            total += _sum(row)
        sums[channel] = total


@compiled
def _spread(gradient, places, of, half, left, right, pool):
    if pool == AVERAGE:
        quarter = gradient.dtype.type(0.25)
        for t in range(gradient.size):
            value = quarter * gradient[t]
            left[t] = value
            right[t] = value
        return
    where = places[of : of + gradient.size]
    first = np.uint8(2 * half)
    second = np.uint8(2 * half + 1)
    for t in range(gradient.size):
        left[t] = gradient[t] if where[t] == first else 0
        right[t] = gradient[t] if where[t] == second else 0


@compiled
def _sum(row):
    total = row.dtype.type(0)
    for t in range(row.size):
        total += row[t]
    return total


@compiled
def moments(source, mean, variance, maps, rows, length):
    """Mean and biased variance of each map, row by row, combined in float64.

    Rows are combined by the formula of Chan, Golub and LeVeque (1983), which loses no digits where
    the mean is large.
    """
    for channel in range(maps):
        middle, squares = 0.0, 0.0
        for i in range(rows):
            place = (channel * rows + i) * length
            row = source[place : place + length]
            here = _sum(row) / row.dtype.type(length)
            spread = row.dtype.type(0)
            for t in range(length):
                spread += (row[t] - here) * (row[t] - here)
            apart = here - middle
            middle += apart / (i + 1)
            squares += spread + apart * apart * length * i / (i + 1)
        mean[channel] = middle
        variance[channel] = squares / (rows * length)


@compiled
def undo_normalization(
    source, gradient, mean, inverse, gamma, of_gamma, of_beta, sums, shape, activation, frozen
):
    """Take a gradient back through batch norm, in place, and on through an activation before it.

    With d the gradient, x the source, M its values per map and r the inverse deviation:
    ``gamma r (d - mean(d) - (x - mean) r^2 mean(d (x - mean)))``; with frozen statistics
    ``gamma r d``.

    Parameters
    ----------
    source, gradient : array, shape (C H W N,)
    mean, inverse, gamma : array, shape (C,)
        The inverse is that of the standard deviation.
    of_gamma, of_beta, sums : array, shape (C,)
        The gradients of gamma and beta, and the sum of the result over each map.
    shape : tuple of int
        C, rows, and the values of a row.
    activation : int
        Whose value `source` is.
    frozen : bool
    """
    c, rows, length = shape
    for channel in range(c):
        centre, r = mean[channel], inverse[channel]
        total, product = 0.0, 0.0
        for i in range(rows):
            place = (channel * rows + i) * length
            x, d = source[place : place + length], gradient[place : place + length]
            along = x.dtype.type(0)
            for t in range(length):
                along += d[t] * (x[t] - centre)
            total += _sum(d)
            product += along
        of_beta[channel] = total
        of_gamma[channel] = product * r
        count = rows * length
        factor = gamma[channel] * r
        slope = source.dtype.type(-factor * r * r * product / count)
        term = source.dtype.type(-factor * total / count)
        after = 0.0
        for i in range(rows):
            place = (channel * rows + i) * length
            x, d = source[place : place + length], gradient[place : place + length]
            if frozen:
                for t in range(length):
                    d[t] *= factor
            else:
                for t in range(length):
                    d[t] = factor * d[t] + slope * (x[t] - centre) + term
            _multiply_by_slope(d, x, activation)
            after += _sum(d)
        sums[channel] = after
