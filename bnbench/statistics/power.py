"""How many seeds a question needs, and what a given number of seeds could have answered."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable

import numpy as np

from bnbench.statistics.samples import FloatArray

POWER = 0.9
"""The chance with which an effect is to be found: 9 times in 10."""
LARGEST_N = 10_000_000
"""A question that needs more seeds than this is answered by infinity."""


def paired_t_power(n: int, *, effect: float, sd: float, alpha: float = 0.05) -> float:
    """The power of the two-sided paired t-test at n pairs.

    Parameters
    ----------
    n : int
        Pairs, at least 2.
    effect : float
        True mean difference.
    sd : float
        Of the differences, in the effect's unit, positive.

    Raises
    ------
    ValueError
        If `n` is below 2, `sd` not positive or `alpha` outside (0, 1).

    Notes
    -----
    ``P(|T'| > c)`` with c the 1 - alpha/2 quantile of t, and T' noncentral t with n - 1 degrees
    of freedom and noncentrality ``sqrt(n) * effect / sd``. It is computed as an average over
    u = s / sd of ``Phi(shift - c u) + Phi(-shift - c u)``, because the noncentral t of SciPy
    1.17 is NaN in its far tail (scipy/scipy#25106).

    References
    ----------
    .. [1] J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 2nd edition 1988,
       chapters 2 and 12.
    """
    if n < 2 or not sd > 0:
        raise ValueError(f"a paired t-test has two pairs and a spread, not n={n}, sd={sd}")
    _check_level(alpha)
    from scipy.special import ndtr, stdtrit

    critical = float(stdtrit(n - 1, 1 - alpha / 2))
    shift = math.sqrt(n) * abs(effect) / sd

    def rejects(u: FloatArray) -> FloatArray:
        return np.asarray(ndtr(shift - critical * u) + ndtr(-shift - critical * u))

    return _averaged_over_sd(rejects, n - 1, largest=(shift + 9) / critical)


def n_for_paired_t(*, effect: float, sd: float, alpha: float = 0.05) -> float:
    """The smallest number of pairs at which the paired t-test has 90 % power.

    Parameters
    ----------
    effect : float
        True mean difference, positive.
    sd : float
        Of the differences. 0 needs the least that a t-test takes, 2; NaN gives NaN.
    alpha : float, default 0.05
        Level of the test.

    Returns
    -------
    float
        A whole number, NaN, or infinity beyond ten million.

    Raises
    ------
    ValueError
        If `effect` is not positive, `sd` negative, or `alpha` outside (0, 1).

    Examples
    --------
    >>> n_for_paired_t(effect=0.1, sd=0.15)
    26.0
    """
    _check_level(alpha)
    if not effect > 0 or sd < 0:
        raise ValueError(f"effect {effect} must be positive, sd {sd} not negative")
    return _smallest_n(lambda n: paired_t_power(n, effect=effect, sd=sd, alpha=alpha), sd)


def smallest_detectable_effect(n: int, *, sd: float) -> float:
    """The true difference that n pairs find with 90 % power, in the unit of the sd.

    Parameters
    ----------
    n : int
        Pairs, at least 1.
    sd : float
        Of the differences. 0 gives 0, NaN (as for n = 1) gives NaN.

    Raises
    ------
    ValueError
        If `n` is below 1, or `sd` negative.

    Notes
    -----
    Root of `paired_t_power` in the effect, by bisection to 12 digits. Every command would
    wait for the import of SciPy's root finders.
    """
    if n < 1 or sd < 0:
        raise ValueError(f"n={n}, sd={sd}")
    if n == 1 or math.isnan(sd):
        return math.nan
    return sd * _detectable_at_unit_sd(n)


@functools.cache
def _detectable_at_unit_sd(n: int) -> float:
    def found(effect: float) -> bool:
        return paired_t_power(n, effect=effect, sd=1.0) >= POWER

    missed, enough = 0.0, 1.0
    while not found(enough):
        missed, enough = enough, 2 * enough
    while enough - missed > 1e-12 * enough:
        middle = (missed + enough) / 2
        missed, enough = (missed, middle) if found(middle) else (middle, enough)
    return enough


def tost_power(n: int, *, margin: float, sd: float, difference: float = 0.0) -> float:
    """The power of two one-sided paired t-tests of level 0.05 to show equivalence at n pairs.

    Parameters
    ----------
    n : int
        Pairs, at least 2.
    margin : float
        Differences inside (-margin, margin) do not matter; positive.
    sd : float
        Of the differences, positive.
    difference : float, default 0
        True mean difference.

    Raises
    ------
    ValueError
        If `n` is below 2, or `margin` or `sd` not positive.

    Notes
    -----
    Both tests reject where ``|mean| <= margin - t(n - 1, 0.95) * s / sqrt(n)``. Given
    u = s / sd this is a normal probability. Its average over u is the number that Owen's Q
    functions give.

    References
    ----------
    .. [1] D. Owen, "A Special Case of a Bivariate Non-Central t-Distribution", Biometrika
       52(3/4), 1965.
    """
    if n < 2 or not sd > 0 or not margin > 0:
        raise ValueError(f"n={n}, margin={margin}, sd={sd}")
    from scipy.special import ndtr, stdtrit

    critical = float(stdtrit(n - 1, 0.95))
    scale = math.sqrt(n) / sd

    def both_reject(u: FloatArray) -> FloatArray:
        upper, lower = (margin - difference) * scale, -(margin + difference) * scale
        return np.asarray(ndtr(upper - critical * u) - ndtr(lower + critical * u))

    return _averaged_over_sd(both_reject, n - 1, largest=margin * scale / critical)


def n_for_tost(*, margin: float, sd: float, difference: float = 0.0) -> float:
    """The smallest number of pairs at which TOST has 90 % power to show equivalence.

    Parameters
    ----------
    margin : float
        Positive.
    sd : float
        Of the differences. 0 needs 2 pairs, NaN gives NaN.
    difference : float, default 0
        True mean difference; from the margin on no n suffices.

    Returns
    -------
    float
        A whole number, NaN, or infinity beyond ten million.

    Raises
    ------
    ValueError
        If `margin` is not positive, or `sd` negative.

    Examples
    --------
    >>> n_for_tost(margin=0.1, sd=0.12)
    18.0
    """
    if not margin > 0 or sd < 0:
        raise ValueError(f"margin {margin} must be positive, sd {sd} not negative")
    if abs(difference) >= margin:
        return math.inf
    return _smallest_n(lambda n: tost_power(n, margin=margin, sd=sd, difference=difference), sd)


def _smallest_n(power_at: Callable[[int], float], sd: float) -> float:
    """The smallest n from 2 on that has the power (all larger ones do too), or infinity."""
    if sd == 0 or math.isnan(sd):
        return 2.0 if sd == 0 else math.nan
    candidates = range(2, LARGEST_N + 1)
    index = bisect.bisect_left(candidates, POWER, key=power_at)
    return float(candidates[index]) if index < len(candidates) else math.inf


def _averaged_over_sd(
    probability: Callable[[FloatArray], FloatArray], df: int, *, largest: float
) -> float:
    """The expectation of a probability given u = s / sd, which is zero above `largest`.

    u is a chi variable over sqrt(df), with density proportional to ``u**(df-1) exp(-df u²/2)``.
    Gauss-Legendre with 200 nodes between its 1e-15 quantiles: correct to about 1e-12, and to
    1e-8 at ten million degrees of freedom.
    """
    from scipy.special import gammaincinv, gammaln

    first, last = np.sqrt(2 * gammaincinv(df / 2, [1e-15, 1 - 1e-15]) / df)
    last = min(last, largest)
    if last <= first:
        return 0.0
    nodes, weights = _nodes()
    u = first + (last - first) * (nodes + 1) / 2
    constant = math.log(2) + df / 2 * math.log(df / 2) - gammaln(df / 2)
    density = np.exp(constant + (df - 1) * np.log(u) - df * u**2 / 2)
    integral = (last - first) / 2 * np.sum(weights * density * probability(u))
    return float(np.clip(integral, 0.0, 1.0))


@functools.cache
def _nodes() -> tuple[FloatArray, FloatArray]:
    """Nodes in (-1, 1) and weights, once: they take longer than everything else here."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    return nodes, weights


def _check_level(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"a level must lie between 0 and 1, not be {alpha}")
