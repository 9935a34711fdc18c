"""What the seeds of one arm say of one metric, before any comparison."""

from __future__ import annotations

from dataclasses import dataclass

import numpy.typing as npt

from bnbench.statistics.intervals import Interval, prediction_interval, t_interval
from bnbench.statistics.samples import as_sample, mean_of, sd_of


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric over n seeds, in the unit of the values.

    Attributes
    ----------
    mean, sd, minimum, maximum : float
        sd with ddof 1, NaN for n = 1.
    interval : Interval
        95 %: where the mean over all seeds may lie (Student's t).
    prediction : Interval
        95 %: where one further run may fall.
    """

    n: int
    mean: float
    sd: float
    minimum: float
    maximum: float
    interval: Interval
    prediction: Interval


def summarize(values: npt.ArrayLike, *, rounding: float = 0.0) -> Summary:
    """Summarize one number per seed.

    Parameters
    ----------
    values : array_like of shape (n,)
        n = 1 is defined: sd and intervals are NaN.
    rounding : float, default 0
        Widens the prediction interval on both sides, see `prediction_interval`.

    Raises
    ------
    ValueError
        If `values` is no sample.

    Examples
    --------
    The re-run of the first article's plain network after its first epoch, against the 0.930 of
    its figure:

    >>> epoch_1 = summarize([0.950, 0.945, 0.952], rounding=0.0005)
    >>> round(epoch_1.mean, 3), round(epoch_1.prediction.low, 4)
    (0.949, 0.9306)
    >>> epoch_1.prediction.contains(0.930)
    False
    """
    sample = as_sample(values)
    return Summary(
        n=sample.size,
        mean=mean_of(sample),
        sd=sd_of(sample),
        minimum=float(sample.min()),
        maximum=float(sample.max()),
        interval=t_interval(sample),
        prediction=prediction_interval(sample, rounding=rounding),
    )
