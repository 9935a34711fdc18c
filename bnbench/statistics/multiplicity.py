"""p-values adjusted for how many were looked at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bnbench.statistics.samples import FloatArray


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Holm's adjusted p-values, for the contrasts that a study sets out to confirm.

    If you reject where the adjusted p is at most alpha, the chance of *any* false rejection is at
    most alpha, however the tests depend on each other.

    Parameters
    ----------
    p_values : array_like of shape (m,)
        One per test, in [0, 1]; none is allowed.

    Returns
    -------
    array of shape (m,)
        In the order of `p_values`.

    Raises
    ------
    ValueError
        If `p_values` is not a row of numbers in [0, 1].

    Notes
    -----
    For ascending p_(1), ..., p_(m): ``max over j <= i of min(1, (m - j + 1) p_(j))``.

    References
    ----------
    .. [1] S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian
       Journal of Statistics 6(2), 1979.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = _checked(p_values)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(np.arange(p.size, 0, -1) * p[order])
    return np.minimum(adjusted, 1.0)


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """Benjamini-Hochberg adjusted p-values, for sweeps.

    If you reject where the adjusted p is at most q, the expected *share* of false rejections among
    all is at most q, for independent or positively dependent tests.

    Parameters
    ----------
    p_values : array_like of shape (m,)
        One per test, in [0, 1]; none is allowed.

    Returns
    -------
    array of shape (m,)
        In the order of `p_values`.

    Raises
    ------
    ValueError
        If `p_values` is not a row of numbers in [0, 1].

    Notes
    -----
    For ascending p_(1), ..., p_(m): ``min over j >= i of min(1, m p_(j) / j)``.

    References
    ----------
    .. [1] Y. Benjamini, Y. Hochberg, "Controlling the False Discovery Rate", Journal of the
       Royal Statistical Society B 57(1), 1995.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = _checked(p_values)
    order = np.argsort(p)
    scaled = p[order] * (p.size / np.arange(1, p.size + 1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1)
    return adjusted


def _checked(p_values: npt.ArrayLike) -> FloatArray:
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("p-values are one row of numbers in [0, 1]")
    return p
