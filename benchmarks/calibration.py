"""How often each test finds a difference where there is none, and how many seeds a real one takes.

``make calibrate`` prints the tables. The noise is the project's own: differences between two runs
of one arm of the reference (an A/A study), whose true mean is zero, drawn with replacement. What
becomes of whole studies is in `benchmarks.whole_studies`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.refutations import STUDIES as COUNTS
from benchmarks.table import markdown, publish, table_file
from benchmarks.whole_studies import NAMES, SEEDS, verdict_errors
from bnbench.cli.until_decided import looks
from bnbench.runs import write_text
from bnbench.statistics import (
    any_time_interval,
    any_time_sign_flip_p,
    sign_flip_p,
    sign_test_p,
    t_interval,
)

VALUES = Path(__file__).parents[1] / "results/reference/values.csv.xz"
ARMS = ("published_plain", "published_batch_norm", "plain", "batch_norm")
METRICS = ("validation_accuracy@1", "validation_accuracy@last", "area_under_error")
STUDIES = 10_000
MOST = 60
FIXED = 10
EFFECTS = (0.001, 0.002, 0.005)

Sample = NDArray[np.float64]
Finds = Callable[[Sample], bool]


def _signs(*, any_time: bool) -> Finds:
    def finds(d: Sample) -> bool:
        return sign_test_p(int((d > 0).sum()), int((d < 0).sum()), any_time=any_time) < 0.05

    return finds


ONCE: dict[str, Finds] = {
    "Student's t interval excludes 0": lambda d: t_interval(d).excludes(0),
    "exact sign flips, p < 0.05": lambda d: sign_flip_p(d) < 0.05,
    "sign test, p < 0.05": _signs(any_time=False),
}
ANY_TIME: dict[str, Finds] = {
    "any-time t interval excludes 0": lambda d: any_time_interval(d).excludes(0),
    "any-time sign flips, p < 0.05": lambda d: any_time_sign_flip_p(d) < 0.05,
    "any-time sign test, p < 0.05": _signs(any_time=True),
}
AGAIN = {name: finds for name, finds in ONCE.items() if "flips" not in name} | ANY_TIME
"""Those that can be looked at up to 60 seeds; flips of 60 are drawn by the hundred thousand."""


def noise() -> dict[tuple[str, str], Sample]:
    """Collect the differences between the runs of each arm, metric by metric."""
    values = pd.read_csv(VALUES)
    headline = values[values["study"] == "headline"]
    pools = {}
    for arm, metric in product(ARMS, METRICS):
        found = headline[(headline["label"] == arm) & (headline["metric"] == metric)]
        pools[arm, metric] = np.array([a - b for a, b in permutations(found["value"], 2)])
    return pools


def studies(rng: np.random.Generator, effect: float = 0.0) -> Iterator[Sample]:
    """Draw studies of 60 differences, of every arm and metric in turn."""
    pools = list(noise().values())
    for number in range(STUDIES):
        yield rng.choice(pools[number % len(pools)], MOST) + effect


def error_rates(rng: np.random.Generator) -> list[list[str]]:
    """Count the A/A studies in which a test finds something, once and looked at again."""
    once = dict.fromkeys([*ONCE, *ANY_TIME], 0)
    again = dict.fromkeys(AGAIN, 0)
    for sample in studies(rng):
        for name, finds in {**ONCE, **ANY_TIME}.items():
            once[name] += finds(sample[:FIXED])
        for name, finds in AGAIN.items():
            again[name] += any(finds(sample[:seeds]) for seeds in looks(MOST))
    return [
        [name, _share(count), _share(again[name]) if name in again else "–"]
        for name, count in once.items()
    ]


def seeds_needed(rng: np.random.Generator, effect: float) -> list[str]:
    """Count the seeds until the any-time t interval excludes 0 where there is an effect."""
    needed = []
    for sample in studies(rng, effect):
        found = (n for n in looks(MOST) if any_time_interval(sample[:n]).excludes(0))
        needed.append(next(found, MOST + 1))
    decided = [n for n in needed if n <= MOST]
    median = f"{np.median(needed):.0f}" if np.median(needed) <= MOST else f"over {MOST}"
    return [f"{100 * effect:.1f} pp", _share(len(decided)), median]


def _share(count: int) -> str:
    return f"{100 * count / STUDIES:.1f} %"


def main(path: Path) -> None:
    """Print the tables, and write them to a file; whole studies have one of their own beside it."""
    rng = np.random.default_rng(0)
    often = len(list(looks(MOST)))
    text = markdown(
        ["test", f"once, at {FIXED} seeds", f"at any of {often} looks, to {MOST} seeds"],
        error_rates(rng),
        f"False findings in {STUDIES:,} studies without an effect: differences between two runs of"
        " one arm of the headline study, in accuracy after epoch 1, after the last and on average."
        " 5 % is allowed.",
    )
    text += "\n" + markdown(
        ["true difference", f"found by {MOST} seeds", "seeds, median"],
        [seeds_needed(rng, effect) for effect in EFFECTS],
        "The same studies with an effect added, looked at as above; found is where the any-time t"
        " interval excludes 0.",
    )
    print(text)
    write_text(path, text)
    publish(
        ["rule, family or interval", "wrong if", "is wrong", "allowed", "asked"],
        verdict_errors(np.random.default_rng(0)),
        "Whole studies in which both arms of each contrast are runs of one arm of the reference:"
        f" {' and '.join(f'{count} like {name}' for name, count in NAMES.items())}, of {SEEDS}"
        " seeds. For the row at the smallest effect one arm was raised by it, and for those by a"
        " factor of three each range of one arm was made wider by so much. Where it is said how"
        f" often runs fail, {COUNTS:,} studies of such runs were drawn.",
        path.with_name("verdict_errors.md"),
    )


if __name__ == "__main__":
    main(table_file())
