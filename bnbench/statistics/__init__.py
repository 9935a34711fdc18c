"""Seeds turned into decisions: pure functions of arrays, each with its formula and source.

A sample is one number per seed. Estimates come back as frozen dataclasses together with their
intervals. NaN means that the sample does not say (one seed, no spread); nothing is raised for
that, and nothing is drawn that the given seed does not decide. SciPy is imported inside the
functions that need it, because importing it takes half a second.
"""

from bnbench.statistics.any_time import (
    any_time_interval,
    any_time_median_interval,
    any_time_sign_flip_p,
    n_for_any_time,
)
from bnbench.statistics.contrast import Contrast, paired_contrast
from bnbench.statistics.equivalence import Equivalence, equivalence_test
from bnbench.statistics.image_level import (
    McNemar,
    TwoLevelDifference,
    mcnemar,
    two_level_bootstrap,
)
from bnbench.statistics.intervals import (
    Interval,
    bootstrap_interval,
    prediction_interval,
    t_interval,
    wilson_interval,
)
from bnbench.statistics.multiplicity import benjamini_hochberg, holm
from bnbench.statistics.pairing import Pairs, pair_by_seed
from bnbench.statistics.permutation import (
    share_below_p,
    sign_flip_p,
    sign_test_p,
    smallest_p,
    wilcoxon_p,
)
from bnbench.statistics.power import (
    n_for_paired_t,
    n_for_tost,
    paired_t_power,
    smallest_detectable_effect,
    tost_power,
)
from bnbench.statistics.speed import SpeedUp, speed_up
from bnbench.statistics.summary import Summary, summarize
from bnbench.statistics.time_to_accuracy import median_time, time_to
from bnbench.statistics.trend import kendall_tau

__all__ = [
    "Contrast",
    "Equivalence",
    "Interval",
    "McNemar",
    "Pairs",
    "SpeedUp",
    "Summary",
    "TwoLevelDifference",
    "any_time_interval",
    "any_time_median_interval",
    "any_time_sign_flip_p",
    "benjamini_hochberg",
    "bootstrap_interval",
    "equivalence_test",
    "holm",
    "kendall_tau",
    "mcnemar",
    "median_time",
    "n_for_any_time",
    "n_for_paired_t",
    "n_for_tost",
    "pair_by_seed",
    "paired_contrast",
    "paired_t_power",
    "prediction_interval",
    "share_below_p",
    "sign_flip_p",
    "sign_test_p",
    "smallest_detectable_effect",
    "smallest_p",
    "speed_up",
    "summarize",
    "t_interval",
    "time_to",
    "tost_power",
    "two_level_bootstrap",
    "wilcoxon_p",
    "wilson_interval",
]
