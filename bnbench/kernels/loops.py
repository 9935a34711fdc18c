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
from numba.np.unsafe.ndarray import to_fixed_tuple

from bnbench.kernels.cache import use_cache

use_cache()  # before the first function

from bnbench.kernels.atomic import add, load, replace, store  # noqa: E402
from bnbench.kernels.box import (  # noqa: E402
    BITS,
    CLOSED,
    DONE,
    HEAD,
    MOST_PARTS,
    STAGE,
    let_others_run,
    sleep,
)
from bnbench.kernels.job import FIELDS, Job  # noqa: E402
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
    number,
    sum_products,
)

options: Any = {
    "nogil": True,
    "error_model": "numpy",
}
compiled = numba.njit(**options)
pasted = numba.njit(inline="always", **options)  # where compiling a call again would take seconds
# Sums in any order, so that they are vectorized: in functions that do nothing else, since the
# compiler orders a larger expression as it happens to come, from one compilation to the next.
summed = numba.njit(fastmath={"reassoc"}, **options)
kept = numba.njit(cache=True, **options)


@compiled
def _block(block, maps, most):
    """The first map of a block of at most so many, and how many it has."""
    blocks = (maps + most - 1) // most
    first = block * maps // blocks
    return first, (block + 1) * maps // blocks - first


@compiled
def _correlate_row(source, kernel, bias, target, shape, kernel_steps, before, i, block):
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
    block : int
        Of at most `MAPS` maps o.
    """
    c, h, w, o, h_out, w_out, k, n = shape
    start, o_step, c_step, a_step, b_step = kernel_steps
    lanes = LANES * 4 // source.itemsize
    a0, a1 = max(0, before - i), min(k, h + before - i)
    first, maps = _block(block, o, MAPS)
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


@compiled
def _shape(job):
    """C, H, W, O, H', W', K and N."""
    return (
        job.channels, job.height, job.width, job.maps, job.rows, job.columns, job.side,
        job.examples,
    )  # fmt: skip


@compiled
def _convolve(like, job, part):
    """Compute a few rows of a block of maps, with what follows up to batch norm."""
    c, h, w, o, h_out, w_out, k, n = _shape(job)
    length = w_out * n
    source = array_at(job.source, c * h * w * n, like)
    kernel = array_at(job.weight, o * c * k * k, like)
    bias = array_at(job.bias, o, like) if job.bias else np.zeros_like(kernel[:o])
    y = array_at(job.y, o * h_out * length, like)
    pooled = array_at(job.pooled, o * h_out * length // (4 if job.pool else 1), like)
    places = array_at(job.places, o * h_out * length // 4, np.uint8(0))
    means = array_at(job.moments, o * h_out, 0.0)
    spreads = array_at(job.moments + 8 * o * h_out, o * h_out, 0.0)
    blocks = (o + MAPS - 1) // MAPS
    first, maps = _block(part % blocks, o, MAPS)
    start = part // blocks * TOGETHER
    for i in range(start, min(start + TOGETHER, h_out)):  # while they are in the cache
        _correlate_row(
            source, kernel, bias, y, _shape(job), (0, c * k * k, k * k, k, 1), job.padding, i,
            part % blocks,
        )  # fmt: skip
        for channel in range(first, first + maps):
            place = (channel * h_out + i) * length
            row = y[place : place + length]
            if job.normalizes != FIRST:
                _activate(row, job.activation)
            if job.normalizes == NEVER:
                _pool_row(y, pooled, places, (o, h_out, w_out, n), channel, i, job.pool)
            elif not job.frozen:
                here = _sum(row) / row.dtype.type(row.size)
                means[channel * h_out + i] = here
                spreads[channel * h_out + i] = _sum_of_squares(row, here)


@compiled
def _normalize(like, job, channel):
    """Normalize a map, with what follows."""
    _, _, _, o, h_out, w_out, _, n = _shape(job)
    length = w_out * n
    y, activated = (array_at(job.y, o * h_out * length, like),
                    array_at(job.activated, o * h_out * length, like))  # fmt: skip
    pooled = array_at(job.pooled, o * h_out * length // (4 if job.pool else 1), like)
    places = array_at(job.places, o * h_out * length // 4, np.uint8(0))
    gamma, beta = array_at(job.gamma, o, like), array_at(job.beta, o, like)
    mean, variance = array_at(job.mean, o, like), array_at(job.variance, o, like)
    inverse = array_at(job.inverse, o, like)
    if not job.frozen:
        middle, squares = _moments(job, channel, length)
        mean[channel] = middle
        variance[channel] = squares / (h_out * length)
    inverse[channel] = 1 / math.sqrt(variance[channel] + number(job.epsilon))
    factor = gamma[channel] * inverse[channel]
    term = beta[channel] - mean[channel] * factor
    for i in range(h_out):
        place = (channel * h_out + i) * length
        row, result = y[place : place + length], activated[place : place + length]
        for t in range(length):
            result[t] = fused(factor, row[t], term)
        if job.normalizes == FIRST:
            _activate(result, job.activation)
        _pool_row(activated, pooled, places, (o, h_out, w_out, n), channel, i, job.pool)


@compiled
def _moments(job, channel, length):
    """The mean of a map, and its sum of squared deviations, from those of its rows, in float64.

    By the formula of Chan, Golub and LeVeque (1983), which loses no digits where the mean is large.
    """
    rows, values = job.rows, job.maps * job.rows
    means = array_at(job.moments, values, 0.0)
    spreads = array_at(job.moments + 8 * values, values, 0.0)
    mean, squares = 0.0, 0.0
    for i in range(rows):
        apart = means[channel * rows + i] - mean
        mean += apart / (i + 1)
        squares += spreads[channel * rows + i] + apart * apart * length * i / (i + 1)
    return mean, squares


@compiled
def _undo(like, job, channel):
    """Take a gradient back to a map after the convolution, and on to its bias."""
    _, _, _, o, h_out, w_out, _, n = _shape(job)
    length = w_out * n
    above = array_at(job.above, o * h_out * length // (4 if job.pool else 1), like)
    y = array_at(job.y, o * h_out * length, like)
    activated = array_at(job.activated, o * h_out * length, like)
    places = array_at(job.places, o * h_out * length // 4, np.uint8(0))
    room = array_at(job.room, o * h_out * length, like)
    of_bias = array_at(job.of_bias, o, like)
    of_bias[channel] = 0
    for i in range(h_out):
        place = (channel * h_out + i) * length
        of_bias[channel] += _undo_row(
            above, activated, places, room[place : place + length], (o, h_out, w_out, n), channel,
            i, NO_ACTIVATION if job.normalizes == LAST else job.activation, job.pool,
        )  # fmt: skip
    if job.normalizes != NEVER:
        place, end = channel * h_out * length, (channel + 1) * h_out * length
        gamma, mean = array_at(job.gamma, o, like), array_at(job.mean, o, like)
        inverse = array_at(job.inverse, o, like)
        of_gamma, of_beta = array_at(job.of_gamma, o, like), array_at(job.of_beta, o, like)
        of_bias[channel] = _undo_normalization(
            y[place:end], room[place:end], (mean[channel], inverse[channel], gamma[channel]),
            of_gamma[channel : channel + 1], of_beta[channel : channel + 1], (h_out, length),
            job.activation if job.normalizes == LAST else NO_ACTIVATION, job.frozen != 0,
        )  # fmt: skip


STRIP = 65_536  # numbers of the rows that are summed at a time, which decides the bits of a sum


@compiled
def _kernel_gradient(like, job, part):
    """Sum a few taps of a kernel's gradient, for a block of maps and a channel.

    ``of_weight[o, c, a, b] = sum over i, j, n of room[o, i, j, n] source[c, i + a, j + b, n]``
    """
    c, h, w, o, h_out, w_out, k, n = _shape(job)
    h, w = h + 2 * job.padding, w + 2 * job.padding
    source = array_at(job.source, c * h * w * n, like)
    room = array_at(job.room, o * h_out * w_out * n, like)
    target = array_at(job.of_weight, o * c * k * k, like)
    tiles = (k + TAPS - 1) // TAPS
    tile, a = part % tiles, part // tiles % k
    channel, block = part // (tiles * k) % c, part // (tiles * k * c)
    first, maps = _block(block, o, WEIGHT_MAPS)
    b = tile * k // tiles
    taps = (tile + 1) * k // tiles - b
    strip = h_out
    if job.normalizes == NEVER and not job.of_source:
        strip = min(h_out, max(1, STRIP // (o * w_out * n)))
    for start in range(0, h_out, strip):
        add_correlations(
            source, room, target, min(strip, h_out - start), w_out * n,
            (((channel * h + start + a) * w + b) * n, w * n, n),
            ((first * h_out + start) * w_out * n, h_out * w_out * n, w_out * n),
            (((first * c + channel) * k + a) * k + b, c * k * k), maps, taps,
        )  # fmt: skip


@compiled
def _input_gradient(like, job, part):
    """Correlate a few rows of the maps' gradient with the kernel turned by half a turn."""
    c, h, w, o, h_out, w_out, k, n = _shape(job)
    gradient = array_at(job.room, o * h_out * w_out * n, like)
    kernel = array_at(job.weight, o * c * k * k, like)
    target = array_at(job.of_source, c * h * w * n, like)
    blocks = (c + MAPS - 1) // MAPS
    start = part // blocks * TOGETHER
    for i in range(start, min(start + TOGETHER, h)):
        _correlate_row(
            gradient, kernel, np.zeros_like(kernel[:c]), target, (o, h_out, w_out, c, h, w, k, n),
            (k * k - 1, k * k, c * k * k, -k, -1), k - 1 - job.padding, i, part % blocks,
        )  # fmt: skip


TOGETHER = 2  # rows of a part: those that a pool joins
STAGES = 5
CONVOLVE, NORMALIZE, UNDO, KERNEL_GRADIENT, INPUT_GRADIENT = range(STAGES)
PATIENCE, NAP = 1000, 50  # looks into the box before a helper sleeps, and microseconds of sleep


@pasted
def _do(like, job, stage, part):
    """Do a part of a stage; no two parts write the same number."""
    if stage == CONVOLVE:
        _convolve(like, job, part)
    elif stage == NORMALIZE:
        _normalize(like, job, part)
    elif stage == UNDO:
        _undo(like, job, part)
    elif stage == KERNEL_GRADIENT:
        _kernel_gradient(like, job, part)
    else:
        _input_gradient(like, job, part)


@compiled
def _groups(rows, maps):
    return ((rows + TOGETHER - 1) // TOGETHER) * ((maps + MAPS - 1) // MAPS)


@compiled
def _parts(job, stage):
    if stage == CONVOLVE:
        return _groups(job.rows, job.maps)
    if stage == KERNEL_GRADIENT:
        blocks, tiles = (job.maps + WEIGHT_MAPS - 1) // WEIGHT_MAPS, (job.side + TAPS - 1) // TAPS
        return blocks * job.channels * job.side * tiles
    return _groups(job.height, job.channels) if stage == INPUT_GRADIENT else job.maps


@compiled
def _publish(box, job, stage):
    """Write down what is to be done; return how many parts that has."""
    parts = _parts(job, stage)
    numbers = array_at(box, HEAD + FIELDS, 0)
    numbers[STAGE] = stage
    for place in range(FIELDS):
        numbers[HEAD + place] = job[place]
    store(box + 8 * DONE, 0)
    turn = (load(box) >> 2 * BITS) + 1
    store(box, turn << 2 * BITS | parts << BITS)
    return parts


@compiled
def _take(box):
    """Take a part of what is published: its number, or -1 if all are taken."""
    while True:
        word = load(box)
        part = word & MOST_PARTS
        if part >= (word >> BITS) & MOST_PARTS:
            return -1
        if replace(box, word, word + 1):
            return part


@kept
def layer(like, box, stages, numbers):
    """Do stages of a job; without any, help whoever publishes some until the box is closed.

    Parameters
    ----------
    like : float32 or float64
        Of this type are all numbers of the arrays but `places`.
    box : int
        Address of a team's box; 0: nobody helps.
    stages : int
        One bit for each, done in their order.
    numbers : tuple of int
        A `Job`.
    """
    own = np.zeros(HEAD + FIELDS, dtype=np.int64)
    if box == 0:
        box = np.int64(own.ctypes.data)
    told = array_at(box, HEAD + FIELDS, 0)
    helps, stage, parts, waited = stages == 0, 0, 0, 0
    while (not load(box + 8 * CLOSED)) if helps else stage < STAGES:
        if not helps:
            if stages >> stage & 1:
                parts = _publish(box, Job(*numbers), stage)
            stage += 1
        part = _take(box)
        waited += 1
        while part >= 0:
            job = Job(*to_fixed_tuple(told[HEAD:], FIELDS))
            _do(like, job, told[STAGE], part)
            add(box + 8 * DONE, 1)
            part, waited = _take(box), 0
        while not helps and load(box + 8 * DONE) < parts:
            let_others_run()
        if helps:
            _wait(waited)


@compiled
def _wait(looks):
    """Let others run, or sleep after a while, before the next look into the box."""
    let_others_run()
    if looks > PATIENCE:
        sleep(NAP)
