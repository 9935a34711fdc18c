"""When a run reached a level: in epochs, steps or seconds; never is infinity, not a gap."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bnbench.statistics.samples import as_curve, as_sample


def time_to(times: npt.ArrayLike, values: npt.ArrayLike, threshold: float) -> float:
    """When a run reached the threshold and was still there at the next evaluation.

    Parameters
    ----------
    times : array_like of shape (E,)
        Of each evaluation, ascending: steps, epochs or seconds of training. The same ones in
        all runs that are compared: who is looked at more often is seen to arrive sooner.
    values : array_like of shape (E,)
        Measured then. NaN (a diverged run) reaches and confirms nothing.
    threshold : float
        In the unit of the values.

    Returns
    -------
    float
        In the unit of the times; infinity if never. The last evaluation needs no confirmation.

    Raises
    ------
    ValueError
        If the two differ in length or are not one-dimensional, or if the times are not finite
        and ascending.

    Notes
    -----
    Between the evaluation before, (t0, v0), and the one that reaches it, (t1, v1):
    ``t0 + (t1 - t0) (threshold - v0) / (v1 - v0)``. Without a finite value before, it is t1.

    Examples
    --------
    The touch at step 200 is not confirmed:

    >>> time_to([100, 200, 300, 400, 500], [0.94, 0.97, 0.96, 0.98, 0.98], 0.97)
    350.0
    """
    moments, curve = as_curve(times), as_curve(values)
    if moments.shape != curve.shape:
        raise ValueError(f"{moments.size} times of {curve.size} values")
    if not np.isfinite(moments).all() or not (np.diff(moments) > 0).all():
        raise ValueError("times of evaluations must be finite and ascending")
    reached = curve >= threshold
    confirmed = np.flatnonzero(reached & np.append(reached[1:], True))
    if confirmed.size == 0:
        return math.inf
    first = int(confirmed[0])
    if first == 0 or not math.isfinite(curve[first - 1]):
        return float(moments[first])
    around = slice(first - 1, first + 1)
    return float(np.interp(threshold, curve[around], moments[around]))


def median_time(times: npt.ArrayLike) -> float:
    """The median of times (n,), any of which may be infinite.

    For an even number of times it is the mean of the middle two, and infinite if one of them is.

    Raises
    ------
    ValueError
        If `times` is empty, not one-dimensional or holds NaN.
    """
    return float(np.median(as_sample(times, allow_infinite=True)))
