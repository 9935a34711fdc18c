"""A sample, one number per seed, and a curve, one per evaluation: checked once, relied on after."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def as_sample(values: npt.ArrayLike, *, allow_infinite: bool = False) -> FloatArray:
    """The values as a float array after checking that they are a sample.

    Parameters
    ----------
    values : array_like of shape (n,)
        One number per seed, n >= 1.
    allow_infinite : bool, default False
        Times may be infinite (threshold never reached); levels may not.

    Raises
    ------
    ValueError
        If `values` is empty, not one-dimensional, or holds NaN (or an infinity where none
        may be). Diverged runs enter at chance accuracy; the caller puts it there.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or sample.size == 0:
        raise ValueError(f"a sample is one non-empty row of numbers, not shape {sample.shape}")
    if np.isnan(sample).any() or not (allow_infinite or np.isfinite(sample).all()):
        raise ValueError("a sample holds a value that is not finite")
    return sample


def as_curve(values: npt.ArrayLike) -> FloatArray:
    """One number per evaluation of a run as a float array (E,).

    A curve may be empty and hold NaN, as that of a run that diverged.

    Raises
    ------
    ValueError
        If `values` is not one-dimensional.
    """
    curve = np.asarray(values, dtype=np.float64)
    if curve.ndim != 1:
        raise ValueError(f"a curve is one row of numbers, not shape {curve.shape}")
    return curve


def mean_of(sample: FloatArray) -> float:
    """The mean of a sample (n,), whatever its order, never outside its range.

    The exact sum is rounded once (``math.fsum``), so that the order of the seeds cannot change
    a digit; the clip makes the mean of equal values that value, and their deviation zero.
    """
    mean = math.fsum(sample) / sample.size
    return float(np.clip(mean, sample.min(), sample.max()))


def sd_of(sample: FloatArray) -> float:
    """The standard deviation of a sample (n,) with ddof 1; NaN for a single value.

    ``sqrt(sum((x - mean)**2) / (n - 1))``: with n in place of n - 1 the t interval of ten seeds
    would be 5 % too short.
    """
    if sample.size < 2:
        return math.nan
    squares = (sample - mean_of(sample)) ** 2
    return math.sqrt(math.fsum(squares) / (sample.size - 1))
