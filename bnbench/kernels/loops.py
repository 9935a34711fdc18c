"""Loops over maps stored as (C, H, W, N): channels, rows, columns, and N examples innermost.

All arrays are flat. Loops go over slices of them, indexed by the loop's variable alone: an index
with an offset would keep a check for negative ones in the loop, and it would not be vectorized.
Numbers that are infinite or NaN keep what they mean.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

from bnbench.kernels.cache import use_cache

use_cache()  # before the first function

from bnbench.kernels.recipe import (  # noqa: E402
    AVERAGE,
    FIRST,
    LAST,
    NEVER,
    NO_ACTIVATION,
    NO_POOL,
    RELU,
    SIGMOID,
    TANH,
)
from bnbench.kernels.tiles import (  # noqa: E402
    LANES,
    MAPS,
    ROW,
    TAPS,
    WEIGHT_MAPS,
    add_correlations,
    array_at,
    fused,
    sum_products,
)

options: Any = {
    "nogil": True,
    "error_model": "numpy",
}
compiled = numba.njit(**options)
# Sums in any order, so that they are vectorized: in functions that do nothing else, since the
# compiler orders a larger expression as it happens to come, from one compilation to the next.
summed = numba.njit(fastmath={"reassoc"}, **options)
kept = numba.njit(cache=True, **options)


@compiled
def _correlate_row(source, kernel, bias, target, shape, kernel_steps, before, i):
    """Sum the products of a kernel with the maps around each pixel of a row; they are 0 outside.

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
    before, i : int
    """
    c, h, w, o, h_out, w_out, k, n = shape
    start, o_step, c_step, a_step, b_step = kernel_steps
    lanes = LANES * 4 // source.itemsize
    blocks = (o + MAPS - 1) // MAPS
    a0, a1 = max(0, before - i), min(k, h + before - i)
    for block in range(blocks):
        first = block * o // blocks
        maps = (block + 1) * o // blocks - first
        for j in range(w_out):
            b0, b1 = max(0, before - j), min(k, w + before - j)
            x = ((i + a0 - before) * w + j + b0 - before) * n
            weight = start + first * o_step + a0 * a_step + b0 * b_step
            counts, steps, weight_steps = (
                (c, a1 - a0, b1 - b0), (h * w * n, w * n, n), (c_step, a_step, b_step)
            )  # fmt: skip
            if k == 1:  # channels in the innermost loop: it is the one that costs nothing
                counts, steps, weight_steps = (1, 1, c), (0, 0, h * w * n), (0, 0, c_step)
            y = ((first * h_out + i) * w_out + j) * n
            done = 0
            while done < n:
                examples = lanes * ROW if n - done >= lanes * ROW else min(lanes, n - done)
                sum_products(
                    source, kernel, bias, target, counts,
                    (x + done, steps[0], steps[1], steps[2]),
                    (weight, o_step, weight_steps[0], weight_steps[1], weight_steps[2]),
                    (first, y + done, h_out * w_out * n), maps, examples,
                )  # fmt: skip
                done += examples


@compiled
def _add_kernel_gradient(source, gradient, target, shape, first_row, rows):
    """Add what a strip of rows contributes; `gradient` holds that strip alone.

    ``target[o, c, a, b] += sum over i, j, n of
    gradient[o, i, j, n] source[c, first_row + i + a, j + b, n]``

    Parameters
    ----------
    source : array, shape (C H W N,)
        With the zeros around it.
    gradient : array, shape (O rows W' N,)
    target : array, shape (O C K K,)
    shape : tuple of int
        C, H, W, O, H', W', K, N.
    first_row, rows : int
    """
    c, h, w, o, _, w_out, k, n = shape
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
                        source, gradient, target, rows, w_out * n,
                        (((channel * h + first_row + a) * w + b) * n, w * n, n),
                        (first * rows * w_out * n, rows * w_out * n, w_out * n),
                        (((first * c + channel) * k + a) * k + b, c * k * k), maps, taps,
                    )  # fmt: skip


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
            p = fused(s, fused(s, fused(s, fused(s, _P[4], _P[3]), _P[2]), _P[1]), _P[0])
            q = fused(s, fused(s, fused(s, fused(s, _Q[4], _Q[3]), _Q[2]), _Q[1]), _Q[0])
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
def _pool_row(maps, pooled, places, shape, channel, i, pool):
    """Pool a row of a map with the one before it, if that makes blocks of 2 x 2.

    Parameters
    ----------
    maps : array, shape (C H W N,)
    pooled : array, shape (C H/2 W/2 N,)
    places : array of uint8, shape (C H/2 W/2 N,)
        Which of the four is the maximum, row by row.
    shape : tuple of int
        C, H, W, N; with a pool H and W are even.
    channel, i, pool : int
    """
    _, h, w, n = shape
    if pool == NO_POOL or i % 2 == 0:
        return
    below = (channel * h + i) * w * n
    into = (channel * (h // 2) + i // 2) * (w // 2) * n
    for j in range(w // 2):
        b, to = below + 2 * j * n, into + j * n
        a = b - w * n
        _pool(
            maps[a : a + n], maps[a + n : a + 2 * n], maps[b : b + n], maps[b + n : b + 2 * n],
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
def _undo_row(gradient, y, places, row, shape, channel, i, activation, pool):
    """Take a gradient back through pool and activation, a row of a map; return its sum.

    Parameters
    ----------
    gradient : array, shape (C H/2 W/2 N,), or (C H W N,) without a pool
    y : array, shape (C H W N,)
        The activated maps.
    places : array of uint8
        As in `_pool_row`.
    row : array, shape (W N,)
        The result.
    shape, channel, i, activation, pool
        As in `_pool_row`.
    """
    _, h, w, n = shape
    place = (channel * h + i) * w * n
    if pool == NO_POOL:
        above = gradient[place : place + w * n]
        for t in range(w * n):
            row[t] = above[t]
    else:
        into = (channel * (h // 2) + i // 2) * (w // 2) * n
        for j in range(w // 2):
            of, at = into + j * n, 2 * j * n
            _spread(
                gradient[of : of + n], places, of, i % 2,
                row[at : at + n], row[at + n : at + 2 * n], pool,
            )  # fmt: skip
    _multiply_by_slope(row, y[place : place + w * n], activation)
    return _sum(row)


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


@summed
def _sum(row):
    total = row.dtype.type(0)
    for t in range(row.size):
        total += row[t]
    return total


@summed
def _sum_of_products(one, other, centre):
    """Sum ``one * (other - centre)``."""
    total = one.dtype.type(0)
    for t in range(one.size):
        total += one[t] * (other[t] - centre)
    return total


@summed
def _sum_of_squares(row, centre):
    """Sum ``(row - centre)^2``."""
    total = row.dtype.type(0)
    for t in range(row.size):
        total += (row[t] - centre) * (row[t] - centre)
    return total


@compiled
def _add_moments(row, rows_before, mean, squares, channel):
    """Take a row of a map into the mean and the sum of squared deviations, in float64.

    By the formula of Chan, Golub and LeVeque (1983), which loses no digits where the mean is large.
    """
    here = _sum(row) / row.dtype.type(row.size)
    spread = _sum_of_squares(row, here)
    apart = here - mean[channel]
    mean[channel] += apart / (rows_before + 1)
    squares[channel] += spread + apart * apart * row.size * rows_before / (rows_before + 1)


@compiled
def _undo_normalization(source, gradient, statistics, of_gamma, of_beta, shape, activation, frozen):
    """Take a gradient back through batch norm, in place, and on through an activation before it.

    With d the gradient, x the source, M its values per map and r the inverse deviation:
    ``gamma r (d - mean(d) - (x - mean) r^2 mean(d (x - mean)))``; with frozen statistics
    ``gamma r d``.

    Parameters
    ----------
    source, gradient : array, shape (rows length,)
        A map.
    statistics : tuple
        Mean, r and gamma.
    of_gamma, of_beta : array, shape (1,)
        The gradients of gamma and beta.
    shape : tuple of int
        Rows, and the values of a row.
    activation : int
        Whose value `source` is.
    frozen : bool

    Returns
    -------
    float
        The sum of the result.
    """
    centre, r, gamma = statistics
    rows, length = shape
    total, product = 0.0, 0.0
    for i in range(rows):
        place = i * length
        x, d = source[place : place + length], gradient[place : place + length]
        total += _sum(d)
        product += _sum_of_products(d, x, centre)
    of_beta[0] = total
    of_gamma[0] = product * r
    factor = gamma * r
    slope = source.dtype.type(-factor * r * r * product / (rows * length))
    term = source.dtype.type(-factor * total / (rows * length))
    after = 0.0
    for i in range(rows):
        place = i * length
        x, d = source[place : place + length], gradient[place : place + length]
        if frozen:
            for t in range(length):
                d[t] *= factor
        else:
            for t in range(length):
                d[t] = fused(factor, d[t], fused(slope, x[t] - centre, term))
        _multiply_by_slope(d, x, activation)
        after += _sum(d)
    return after


@kept
def layer_forward(like, addresses, of_norm, shape, padding, steps, frozen, epsilon):
    """Compute a layer of maps: convolution, batch norm, activation and pool.

    Parameters
    ----------
    like : float32 or float64
        Of this type are all numbers but `places`.
    addresses : tuple of int
        Of the source (C, H, W, N), kernel (O, C, K, K), bias (O,), or 0, the maps after the
        convolution and the activated ones (both (O, H', W', N), and the same without batch norm),
        the pooled ones, and the places of the maxima.
    of_norm : tuple of int
        Addresses of gamma, beta, mean, variance and inverse deviation (O,). Mean and variance are
        written, or read where they are frozen.
    shape : tuple of int
        C, H, W, O, H', W', K, N.
    padding : int
    steps : tuple of int
        Activation, pool, and when it normalizes.
    frozen : bool
    epsilon : float
    """
    c, h, w, o, h_out, w_out, k, n = shape
    activation, pool, normalizes = steps
    length = w_out * n
    source = array_at(addresses[0], c * h * w * n, like)
    kernel = array_at(addresses[1], o * c * k * k, like)
    bias = array_at(addresses[2], o, like) if addresses[2] else np.zeros_like(kernel[:o])
    y, activated = (array_at(addresses[3], o * h_out * length, like),
                    array_at(addresses[4], o * h_out * length, like))  # fmt: skip
    pooled = array_at(addresses[5], o * h_out * length // (4 if pool else 1), like)
    places = array_at(addresses[6], o * h_out * length // 4, np.uint8(0))
    maps = o, h_out, w_out, n
    kernel_steps = 0, c * k * k, k * k, k, 1
    middle, squares = np.zeros(o), np.zeros(o)
    for i in range(h_out):  # row by row, while they are in the cache
        _correlate_row(source, kernel, bias, y, shape, kernel_steps, padding, i)
        for channel in range(o):
            place = (channel * h_out + i) * length
            row = y[place : place + length]
            if normalizes != FIRST:
                _activate(row, activation)
            if normalizes == NEVER:
                _pool_row(y, pooled, places, maps, channel, i, pool)
            elif not frozen:
                _add_moments(row, i, middle, squares, channel)
    if normalizes == NEVER:
        return
    gamma, beta = array_at(of_norm[0], o, like), array_at(of_norm[1], o, like)
    mean, variance = array_at(of_norm[2], o, like), array_at(of_norm[3], o, like)
    inverse = array_at(of_norm[4], o, like)
    for channel in range(o):
        if not frozen:
            mean[channel] = middle[channel]
            variance[channel] = squares[channel] / (h_out * length)
        inverse[channel] = 1 / math.sqrt(variance[channel] + epsilon)
        factor = gamma[channel] * inverse[channel]
        term = beta[channel] - mean[channel] * factor
        for i in range(h_out):
            place = (channel * h_out + i) * length
            row, result = y[place : place + length], activated[place : place + length]
            for t in range(length):
                result[t] = fused(factor, row[t], term)
            if normalizes == FIRST:
                _activate(result, activation)
            _pool_row(activated, pooled, places, maps, channel, i, pool)


STRIP = 65_536  # numbers of a strip of rows: 256 KiB, which a core's own cache holds


@kept
def maps_backward(like, addresses, of_norm, gradients, shape, padding, steps, frozen):
    """Take a gradient back to the maps after a convolution, and on to its kernel and bias.

    Parameters
    ----------
    like, of_norm, shape, padding, steps, frozen
        As for `layer_forward`.
    addresses : tuple of int
        Of the gradient of the result, the source with its zeros around it, the maps after the
        convolution, the activated ones, the places of the maxima, and room for the maps' gradient
        (O, H', W', N), or 0 without batch norm: then that is made strip by strip.
    gradients : tuple of int
        Addresses of those of the kernel (or 0: it is not wanted), bias, gamma and beta.
    """
    c, h, w, o, h_out, w_out, k, n = shape
    activation, pool, normalizes = steps
    length = w_out * n
    maps = o, h_out, w_out, n
    around = c, h + 2 * padding, w + 2 * padding, o, h_out, w_out, k, n
    above = array_at(addresses[0], o * h_out * length // (4 if pool else 1), like)
    padded = array_at(addresses[1], c * around[1] * around[2] * n, like)
    y = array_at(addresses[2], o * h_out * length, like)
    activated = array_at(addresses[3], o * h_out * length, like)
    places = array_at(addresses[4], o * h_out * length // 4, np.uint8(0))
    of_kernel = array_at(gradients[0], o * c * k * k, like)
    of_bias = array_at(gradients[1], o, like)
    of_bias[:] = 0
    if gradients[0]:
        of_kernel[:] = 0
    strip = h_out
    room = array_at(addresses[5], o * h_out * length, like)
    if addresses[5] == 0:
        strip = min(h_out, max(1, STRIP // (o * length)))
        room = np.empty_like(y[: strip * o * length])
    for start in range(0, h_out, strip):
        rows = min(strip, h_out - start)
        for channel in range(o):
            for i in range(rows):
                place = (channel * rows + i) * length
                of_bias[channel] += _undo_row(
                    above, activated, places, room[place : place + length], maps, channel,
                    start + i, NO_ACTIVATION if normalizes == LAST else activation, pool,
                )  # fmt: skip
            if normalizes != NEVER:
                place, end = channel * h_out * length, (channel + 1) * h_out * length
                gamma, mean = array_at(of_norm[0], o, like), array_at(of_norm[2], o, like)
                inverse = array_at(of_norm[4], o, like)
                of_gamma, of_beta = array_at(gradients[2], o, like), array_at(gradients[3], o, like)
                of_bias[channel] = _undo_normalization(
                    y[place:end], room[place:end],
                    (mean[channel], inverse[channel], gamma[channel]),
                    of_gamma[channel : channel + 1], of_beta[channel : channel + 1],
                    (h_out, length), activation if normalizes == LAST else NO_ACTIVATION, frozen,
                )  # fmt: skip
        if gradients[0]:
            _add_kernel_gradient(padded, room, of_kernel, around, start, rows)


@kept
def input_backward(like, gradient_at, kernel_at, target_at, shape, padding):
    """Correlate the gradient of the maps with the kernel turned by half a turn.

    Parameters
    ----------
    like, shape, padding
        As for `layer_forward`.
    gradient_at, kernel_at, target_at : int
        Addresses of (O, H', W', N), (O, C, K, K) and (C, H, W, N).
    """
    c, h, w, o, h_out, w_out, k, n = shape
    gradient = array_at(gradient_at, o * h_out * w_out * n, like)
    kernel = array_at(kernel_at, o * c * k * k, like)
    target = array_at(target_at, c * h * w * n, like)
    back = o, h_out, w_out, c, h, w, k, n
    half_a_turn = k * k - 1, k * k, c * k * k, -k, -1
    zeros = np.zeros_like(kernel[:c])
    for i in range(h):
        _correlate_row(gradient, kernel, zeros, target, back, half_a_turn, k - 1 - padding, i)
