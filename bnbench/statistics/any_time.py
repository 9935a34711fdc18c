"""Intervals and tests that hold at every number of seeds at once.

Whoever looks after each block of seeds and stops once the answer is clear has a fixed-n test say
"different" too often. These do not mind: the chance that such a test *ever* falls below alpha
where nothing differs, or that such an interval *ever* misses the mean, is at most alpha, however
often one looks. They pay for it with wider intervals: 1.7 times Student's at ten seeds.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from bnbench.statistics.intervals import Interval
from bnbench.statistics.samples import FloatArray, as_sample, mean_of, sd_of

EFFECT_VARIANCE = 1.0
"""Variance of the normal prior of the standardized effect, mean / sd: effects of one sd are found
soonest. Fixed beforehand; it decides how soon, never how often wrongly."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)


def any_time_interval(values: npt.ArrayLike, *, confidence: float = 0.95) -> Interval:
    """An interval for the mean that holds at every n at once (a confidence sequence).

    Parameters
    ----------
    values : array_like of shape (n,)
        One number per seed. Where n is too small to exclude anything, both ends are infinite;
        for n = 1 they are NaN, as those of `t_interval`.

    Raises
    ------
    ValueError
        If `values` is no sample.

    Notes
    -----
    It holds all means m at which the Bayes factor of the t statistic is below 1 / alpha. With
    ``t = sqrt(n) (mean - m) / sd``, nu = n - 1 and ``v = 1 + n g``, g the prior's variance::

        v**(-1/2) ((1 + t²/nu) / (1 + t²/(nu v)))**(n/2) < 1 / alpha

    With ``a = (sqrt(v) / alpha)**(2/n)`` this is ``t² < nu (a - 1) / (1 - a/v)`` where a < v, and
    every t otherwise. The Bayes factor, whose prior of the sd is Haar's 1/sd, is a martingale of
    mean 1 at the true mean, whatever the sd is. So Ville's inequality bounds it at all n together.
    The values are assumed to be normal.

    References
    ----------
    .. [1] T. Lai, "On Confidence Sequences", Annals of Statistics 4(2), 1976.
    .. [2] H. Wang, A. Ramdas, "Anytime-valid t-tests and Confidence Sequences for Gaussian Means
       with Unknown Variance", Sequential Analysis 44(1), 2025.
    """
    sample = as_sample(values)
    n, method = sample.size, "any-time t"
    if n == 1:
        return Interval(math.nan, math.nan, method)
    half = _largest_t(n, 1 - confidence) * sd_of(sample) / math.sqrt(n) if np.ptp(sample) else 0.0
    return Interval(mean_of(sample) - half, mean_of(sample) + half, method)


def any_time_median_interval(
    values: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[float, float]:
    """Ends of an interval for the median that holds at every n at once.

    Parameters
    ----------
    values : array_like of shape (n,)
        One number per seed, in [0, inf], as times are: a run that never arrives is infinite.

    Returns
    -------
    low, high : float
        Two of the values; 0 and infinite where n is too small to exclude anything.

    Notes
    -----
    It holds all medians that `sign_test_p` at any time does not reject, from how many values lie
    below and above. Values that equal a median count in its favour: the chance of more than half on
    one side is then no larger than that of a fair coin, so the bound for the coin holds.
    """
    ordered, alpha = np.sort(np.asarray(values, np.float64)), 1 - confidence
    n = ordered.size
    cut = 0
    while cut < n and coin_p(n - cut, cut, 0.5) <= alpha and 2 * cut < n:
        cut += 1
    return (float(ordered[cut - 1]), float(ordered[n - cut])) if cut else (0.0, math.inf)


def n_for_any_time(*, effect: float, sd: float) -> float:
    """The fewest values whose any-time interval reaches no further than `effect`.

    Parameters
    ----------
    effect, sd : float
        In one unit; the deviation of the paired differences.

    Returns
    -------
    float
        NaN where the sd is.
    """
    if math.isnan(sd):
        return math.nan
    reaches = (n for n in range(2, 100_000) if _largest_t(n, 0.05) * sd <= effect * math.sqrt(n))
    return float(next(reaches, math.inf))


def _largest_t(n: int, alpha: float) -> float:
    shrunk = 1 + n * EFFECT_VARIANCE
    bound = (math.sqrt(shrunk) / alpha) ** (2 / n)
    if bound >= shrunk:
        return math.inf
    return math.sqrt((n - 1) * (bound - 1) / (1 - bound / shrunk))


def any_time_sign_flip_p(differences: npt.ArrayLike) -> float:
    """The two-sided p of a sign-flip test that may be looked at after every seed.

    Parameters
    ----------
    differences : array_like of shape (n,)
        Treatment minus baseline, one per seed, in the order in which the seeds were run.

    Returns
    -------
    float
        In (0, 1]; 1 if all differences are zero.

    Raises
    ------
    ValueError
        If `differences` is no sample.

    Notes
    -----
    The reciprocal of the e-value ``mean over δ of prod_i 2 / (1 + exp(-2 δ z_i))``, at most 1,
    with ``z_i = d_i / sqrt(mean of d_j² over j <= i)`` and δ standard normal. Given the size of a
    difference and all before, its sign is a fair coin if treatment and baseline are
    exchangeable; each factor then has mean 1, because z_i knows no other sign. It is the
    likelihood ratio of a normal difference with mean δ sd, given its size.

    References
    ----------
    .. [1] A. Ramdas et al., "Admissible Anytime-valid Sequential Inference Must Rely on
       Nonnegative Martingales", arXiv:2009.03167, 2020 (section 5.1, symmetric distributions).
    """
    sample = as_sample(differences)
    scale = np.sqrt(np.cumsum(sample**2) / np.arange(1, sample.size + 1))
    scaled = np.divide(sample, scale, out=np.zeros_like(sample), where=scale > 0)
    return _reciprocal(-np.logaddexp(0, -2 * np.outer(_NODES, scaled)) + math.log(2))


def coin_p(heads: int, tails: int, share: float) -> float:
    """The likelihood of a coin of a known bias over that of one of Jeffreys' prior, at most 1.

    By Ville's inequality it is a p that may be looked at after every toss.
    """
    from scipy.special import betaln

    log_known = heads * math.log(share) + tails * math.log1p(-share)
    log_e = betaln(heads + 0.5, tails + 0.5) - betaln(0.5, 0.5) - log_known
    return min(1.0, math.exp(-log_e))


def _reciprocal(log_factors: FloatArray) -> float:
    """1 / e, at most 1, of the mixture over the nodes of products of factors (K, n)."""
    products = log_factors.sum(axis=1)
    largest = products.max()
    e = float(_WEIGHTS @ np.exp(products - largest)) / math.sqrt(2 * math.pi)
    return min(1.0, math.exp(-largest) / e)
