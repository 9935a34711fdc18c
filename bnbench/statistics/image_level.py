"""Comparisons down to the image, where this test file and new digits are told apart.

Ten thousand test images are themselves a sample. Seeds alone say how the difference varies on
this file; for digits nobody has seen yet, the images have to vary as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bnbench.statistics.intervals import Interval
from bnbench.statistics.permutation import sign_test_p
from bnbench.statistics.resampling import Seed, chunk_sizes

# S seeds, N images, U distinct columns of differences, B resamples


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two checkpoints on the same N images.

    Attributes
    ----------
    only_treatment_right, only_baseline_right : int
        Images that exactly one of the two classifies correctly; the others say nothing.
    accuracy_difference : float
        Treatment minus baseline, in [-1, 1].
    p : float
        Exact and two-sided.
    """

    n_images: int
    only_treatment_right: int
    only_baseline_right: int
    accuracy_difference: float
    p: float


@dataclass(frozen=True, slots=True)
class TwoLevelDifference:
    """The accuracy difference of two arms over S seeds and N images.

    Attributes
    ----------
    accuracy_difference : float
        Mean over seeds and images, treatment minus baseline, in [-1, 1].
    interval : Interval
        Seeds and images resampled: for new seeds on new digits. With one seed it covers new
        digits for that seed alone.
    seeds_only_interval : Interval
        Seeds resampled, images held: for new seeds on this file. NaN for one seed.
    """

    n_seeds: int
    n_images: int
    accuracy_difference: float
    interval: Interval
    seeds_only_interval: Interval


def mcnemar(treatment: npt.ArrayLike, baseline: npt.ArrayLike, labels: npt.ArrayLike) -> McNemar:
    """Compare two checkpoints by McNemar's exact test.

    Parameters
    ----------
    treatment, baseline : array_like of int, shape (N,)
        Predicted classes of the same images in the same order.
    labels : array_like of int, shape (N,)
        True classes.

    Notes
    -----
    If both checkpoints are equally good, an image that only one of them gets right is as likely to
    be the one's as the other's. So this is a sign test of the two counts b and c,
    ``min(1, 2 P(Bin(b + c, 1/2) <= min(b, c)))``.

    References
    ----------
    .. [1] Q. McNemar, "Note on the Sampling Error of the Difference between Correlated
       Proportions or Percentages", Psychometrika 12(2), 1947.
    """
    truth = np.asarray(labels)
    first, second = np.asarray(treatment), np.asarray(baseline)
    gained = int(np.count_nonzero((first == truth) & (second != truth)))
    lost = int(np.count_nonzero((first != truth) & (second == truth)))
    return McNemar(
        n_images=truth.size,
        only_treatment_right=gained,
        only_baseline_right=lost,
        accuracy_difference=(gained - lost) / truth.size,
        p=sign_test_p(gained, lost),
    )


def two_level_bootstrap(
    treatment: npt.ArrayLike,
    baseline: npt.ArrayLike,
    *,
    seed: Seed,
    resamples: int = 10_000,
) -> TwoLevelDifference:
    """The accuracy difference with 95 % intervals over seeds, and over seeds and images.

    Parameters
    ----------
    treatment, baseline : array_like of bool, shape (S, N)
        Whether the run of seed s classified image i correctly; row s of both arms is the same
        seed, column i the same image.
    seed : int or numpy.random.Generator
        Decides the resamples.
    resamples : int, default 10,000
        B.

    Notes
    -----
    Rows and columns of the S x N table of differences are resampled independently of each other,
    and the mean is taken over the crossings (the pigeonhole bootstrap [1]_). The intervals are
    percentiles. An image counts only through its column of differences, and few columns are
    distinct. So the counts of distinct columns are drawn from the multinomial distribution, which
    is the same and much faster.

    It is not exact, as no bootstrap of two crossed factors is. The part that varies with the seed
    alone is too short by sqrt((S - 1) / S), as in every bootstrap of few seeds. Noise of one seed
    on one image is counted three times. Where it dominates, the interval for new digits is up to
    sqrt(3) too long, which errs on the side of "not shown".

    References
    ----------
    .. [1] A. Owen, "The Pigeonhole Bootstrap", Annals of Applied Statistics 1(2), 2007.
    """
    differences = np.asarray(treatment, np.int64) - np.asarray(baseline, np.int64)  # (S, N)
    num_seeds, num_images = differences.shape
    columns, counts = np.unique(differences, axis=1, return_counts=True)  # (S, U), (U,)
    columns = columns.astype(np.float64)  # BLAS multiplies no integers; the sums are exact
    rng = np.random.default_rng(seed)
    both, seeds_only = [], []
    for size in chunk_sizes(resamples, 500):
        seed_counts = rng.multinomial(num_seeds, [1 / num_seeds] * num_seeds, size=size)
        image_counts = rng.multinomial(num_images, counts / num_images, size=size)
        sums = seed_counts.astype(np.float64) @ columns  # (B, U)
        both.append(np.einsum("bu,bu->b", sums, image_counts))
        seeds_only.append(sums @ counts)
    cells = num_seeds * num_images
    return TwoLevelDifference(
        n_seeds=num_seeds,
        n_images=num_images,
        accuracy_difference=int(differences.sum()) / cells,
        interval=_percentiles(np.concatenate(both) / cells, "seeds and images"),
        seeds_only_interval=_percentiles(
            np.concatenate(seeds_only) / cells if num_seeds > 1 else np.array([math.nan]), "seeds"
        ),
    )


def _percentiles(means: npt.NDArray[np.float64], resampled: str) -> Interval:
    """The central 95 % percentile interval of resampled means (B,)."""
    low, high = np.quantile(means, [(1 - 0.95) / 2, (1 + 0.95) / 2])
    return Interval(float(low), float(high), f"percentile bootstrap of {resampled}")
