"""Exact tests of paired differences, which assume no distribution, only a fair coin per seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bnbench.statistics.any_time import coin_p
from bnbench.statistics.resampling import Seed, chunk_sizes
from bnbench.statistics.samples import FloatArray, as_sample

LARGEST_EXACT_N = 40
"""Up to here all 2**n sign flips are counted: two lists of a million sums, 0.2 s."""

TIE_TOLERANCE = 1e-9
"""Of the sum of |differences|. A permuted mean that equals the observed one on paper may differ
from it, since `pair_by_seed` rounds each difference; losing it would make p too small,
and zero at worst."""


def smallest_p(n: int) -> float:
    """``2 / 2**n``, the smallest two-sided p of a sign-flip test of n differences.

    >>> [smallest_p(n) for n in (5, 6, 10)]
    [0.0625, 0.03125, 0.001953125]
    """
    return 2.0 ** (1 - n)


def sign_flip_p(differences: npt.ArrayLike, *, seed: Seed = 0, resamples: int = 100_000) -> float:
    """The two-sided p of the sign-flip test of mean difference zero.

    Parameters
    ----------
    differences : array_like of shape (n,)
        Treatment minus baseline, one per seed.
    seed : int or numpy.random.Generator, default 0
        Decides the flips where n > 40; below nothing is drawn.
    resamples : int, default 100,000
        Random flips where n > 40.

    Returns
    -------
    float
        In [2/2**n, 1]; 1 if all differences are zero.

    Raises
    ------
    ValueError
        If `differences` is no sample.

    Notes
    -----
    If treatment and baseline are exchangeable within a seed, each difference is as likely with
    the other sign. p is the share of all 2**n sign vectors s, the observed one included, with
    ``|sum(s * d)| >= |sum(d)|``. They are counted as pairs of a flip of the first n/2 differences
    and a flip of the others, whose sums are sorted [2]_. Beyond n = 40:
    ``(1 + count) / (1 + resamples)`` over random s [3]_.

    References
    ----------
    .. [1] R. Fisher, "The Design of Experiments", 1935, section 21.
    .. [2] E. Horowitz, S. Sahni, "Computing Partitions with Applications to the Knapsack Problem",
       Journal of the ACM 21(2), 1974.
    .. [3] B. Phipson, G. Smyth, "Permutation P-values Should Never Be Zero", Statistical
       Applications in Genetics and Molecular Biology 9(1), 2010.
    """
    sample = as_sample(differences)
    threshold = abs(sample.sum()) - TIE_TOLERANCE * np.abs(sample).sum()
    if sample.size <= LARGEST_EXACT_N:
        return _exact_share(sample, threshold)
    rng = np.random.default_rng(seed)
    hits = sum(
        int(np.count_nonzero(np.abs(_random_flipped_sums(sample, size, rng)) >= threshold))
        for size in chunk_sizes(resamples, 10_000)
    )
    return (1 + hits) / (1 + resamples)


def wilcoxon_p(differences: npt.ArrayLike) -> float:
    """The two-sided p of Wilcoxon's signed-rank test, a check on the sign-flip test.

    Parameters
    ----------
    differences : array_like of shape (n,)
        Treatment minus baseline, rounded (as `pair_by_seed` does), else equal differences are
        ranked by their rounding errors. Zeros are dropped, as Wilcoxon did.

    Returns
    -------
    float
        1 if all differences are zero. Over all sign flips, or a sample of them, as `sign_flip_p`:
        exact also where ranks are tied (as `scipy.stats.wilcoxon` is, at 700 times the cost).

    Raises
    ------
    ValueError
        If `differences` is no sample.

    References
    ----------
    .. [1] F. Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1(6),
       1945.
    """
    sample = as_sample(differences)
    sample = sample[sample != 0]
    if sample.size == 0:
        return 1.0
    return sign_flip_p(np.sign(sample) * _ranks(np.abs(sample)))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1; equal values share the mean of theirs, as by `scipy.stats.rankdata`."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks


def sign_test_p(wins: int, losses: int, *, any_time: bool = False) -> float:
    """The two-sided p of the sign test; ties are left out beforehand.

    It asks only which was better, so times may be infinite.

    Parameters
    ----------
    any_time : bool, default False
        Whether p has to hold at every number of seeds.

    Raises
    ------
    ValueError
        If a count is negative.

    Notes
    -----
    Exact [1]_: with k the smaller count and n = wins + losses,
    ``min(1, 2 P(Binomial(n, 1/2) <= k))``; 1 for n = 0. At any time [2]_: the reciprocal of
    ``2**n B(wins + 1/2, losses + 1/2) / B(1/2, 1/2)``, at most 1, the likelihood ratio of a coin
    of unknown bias (Jeffreys' prior) to a fair one.

    References
    ----------
    .. [1] W. Dixon, A. Mood, "The Statistical Sign Test", JASA 41(236), 1946.
    .. [2] H. Robbins, "Statistical Methods Related to the Law of the Iterated Logarithm", Annals
       of Mathematical Statistics 41(5), 1970.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"{wins} wins and {losses} losses")
    if any_time:
        return coin_p(wins, losses, 0.5)
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(wins, losses), wins + losses, 0.5)))


def share_below_p(successes: int, n: int, share: float, *, any_time: bool = False) -> float:
    """The one-sided p of the binomial test that a share is at least `share`.

    Small, it shows that the share is below.

    Parameters
    ----------
    successes, n : int
        Of n trials.
    share : float
        In (0, 1).
    any_time : bool, default False
        Whether p has to hold after every trial.

    Raises
    ------
    ValueError
        If `successes` is outside [0, n].

    Notes
    -----
    Exact: ``P(Binomial(n, share) <= successes)``; 1 for n = 0. It falls below alpha where the
    upper end of Clopper and Pearson's interval [1]_ of confidence 1 - 2 alpha falls below `share`.
    At any time: as `sign_test_p`, against a coin that shows heads at the rate `share`; 1 where the
    trials have at least that share. A larger true share makes the trials less likely still, so
    that what holds against `share` holds against all shares above it.

    References
    ----------
    .. [1] C. Clopper, E. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
       Case of the Binomial", Biometrika 26(4), 1934.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} trials")
    if any_time:
        return coin_p(successes, n - successes, share) if successes < share * n else 1.0
    from scipy.special import bdtr

    return float(bdtr(successes, n, share))


def _exact_share(sample: FloatArray, threshold: float) -> float:
    """The share of all 2**n sign vectors whose sums are at least so far from zero."""
    if threshold <= 0:
        return 1.0
    first, second = map(_all_flipped_sums, np.array_split(sample, 2))
    second.sort()
    above = second.size - np.searchsorted(second, threshold - first)
    return 2 * float(above.sum()) / 2.0**sample.size  # those below are their mirror images


def _all_flipped_sums(sample: FloatArray) -> FloatArray:
    """The sums under all 2**n sign vectors, shape (2**n,), by doubling."""
    sums = np.zeros(1)
    for difference in sample:
        sums = np.concatenate([sums + difference, sums - difference])
    return sums


def _random_flipped_sums(sample: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    """The sums under `size` random sign vectors, shape (size,)."""
    signs = rng.integers(0, 2, size=(size, sample.size), dtype=np.int8) * 2.0 - 1.0
    sums: FloatArray = signs @ sample
    return sums
