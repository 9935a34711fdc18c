"""New runs against a reference: whether they lie where further runs of it would.

This is the promise that holds on any machine and with any versions: not the bits, the statistics.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from lzma import LZMAError
from pathlib import Path

from bnbench.config import Metric, differing_recipe
from bnbench.errors import BnbenchError
from bnbench.findings.arms import read_arms
from bnbench.findings.contrasts import paired_values
from bnbench.findings.levels import level_of
from bnbench.findings.study_runs import ArmRuns
from bnbench.foreign import read_foreign
from bnbench.metrics import parse_metric
from bnbench.runs import MOST_BYTES_OF_A_LOG, Run, opened
from bnbench.runs.packed import MOST_PACKED, decompressed
from bnbench.statistics import Interval, prediction_interval

METRICS = tuple(map(parse_metric, ("validation_accuracy@1", "validation_accuracy@last")))
CONFIDENCE = 0.95
BOUND = 0.99
"""Probability with which no more lie outside by chance than are allowed to."""
Arms = tuple[ArmRuns, ...]
"""One, of which the level is judged, or two, of which the difference is."""


@dataclass(frozen=True)
class ReferenceCheck:
    """One accuracy of an experiment, or a paired difference of two, against the reference.

    Attributes
    ----------
    what : str
        The experiment; of a difference the treatment and the baseline.
    paired : bool
        Whether it is a difference.
    interval : Interval
        Where the mean of `n` further runs, or pairs, of the reference lies.
    reference_n : int
        Runs, or pairs, of the reference.
    mean : float
        Of the new ones: in [0, 1], or a difference of such.
    n : int
        How many new ones there are.
    """

    what: str
    paired: bool
    metric: Metric
    interval: Interval
    reference_n: int
    mean: float
    n: int

    @property
    def inside(self) -> bool:
        """Whether the mean lies where the reference says."""
        return self.interval.contains(self.mean)


@dataclass(frozen=True)
class ReferenceAgreement:
    """All that could be held against the reference.

    Attributes
    ----------
    notes : tuple of str
        One line an experiment or run that could not, with the reason.
    """

    checks: tuple[ReferenceCheck, ...]
    notes: tuple[str, ...]

    @property
    def outside(self) -> int:
        """How many lie outside."""
        return sum(not check.inside for check in self.checks)

    @property
    def expected(self) -> float:
        """How many lie outside by chance, on average."""
        return len(self.checks) * (1 - CONFIDENCE)

    @property
    def allowed(self) -> int:
        """The `BOUND` quantile of how many do.

        Binomial, as if they were independent. The accuracies of one run are not: chance puts
        more of them outside together than this says, and a single miss tells little.
        """
        from scipy.stats import binom

        return int(binom.ppf(BOUND, len(self.checks), 1 - CONFIDENCE))

    @property
    def consistent(self) -> bool:
        """Whether no more lie outside than chance explains."""
        return self.outside <= self.allowed


def agreement_with(runs: Iterable[Run], reference: Path) -> ReferenceAgreement:
    """Hold runs against those of a reference, experiment by experiment and pair by pair.

    Parameters
    ----------
    reference : Path
        As ``results/reference``: its runs are under ``runs``; the pairs are those of its
        ``contrasts.csv.xz``, whose labels ``values.csv.xz`` explains. A results folder serves, too,
        without any pairs.
    """
    notes: list[str] = []
    pairs: dict[str, tuple[ArmRuns, ArmRuns]] = {}
    known_runs = _runs_of(reference)
    for paths in _finished(runs, notes).values():
        (new,), _ = read_arms(paths)
        folder = known_runs / new.label
        if not folder.is_dir():
            notes.append(f"{new.label}: is not in the reference")
            continue
        (known,), _ = read_arms([folder])
        if why := _not_comparable(new, known):
            notes.append(f"{new.label}: {why}")
        else:
            pairs[new.label] = new, known
    subjects: dict[str, tuple[Arms, Arms]] = {
        name: ((new,), (known,)) for name, (new, known) in pairs.items()
    }
    for treatment, baseline in _contrasts(reference):
        if treatment in pairs and baseline in pairs:
            new_arms, known_arms = zip(pairs[treatment], pairs[baseline], strict=True)
            subjects[f"{treatment} − {baseline}"] = new_arms, known_arms
    checks = [
        check
        for metric in METRICS
        for what, (new, known) in subjects.items()
        for check in _check(what, metric, new, known)
    ]
    if not checks:
        raise BnbenchError(*notes, f"{reference}: has nothing to judge these runs by")
    return ReferenceAgreement(tuple(checks), tuple(notes))


def _runs_of(reference: Path) -> Path:
    return opened(reference / "runs" if (reference / "runs").is_dir() else reference)


def _finished(runs: Iterable[Run], notes: list[str]) -> dict[str, list[Path]]:
    """Group finished runs by their experiment, and note the others."""
    groups: dict[str, list[Path]] = {}
    for run in runs:
        manifest = run.read_manifest()
        if manifest.finished:
            groups.setdefault(manifest.experiment, []).append(run.path)
        else:
            notes.append(f"{run.path}: is {manifest.status}")
    return groups


def _not_comparable(new: ArmRuns, known: ArmRuns) -> str:
    """Say why two arms are not the same experiment on the same data, or nothing."""
    if differing_recipe(known.experiment, new.experiment):
        return "is of another configuration than the reference"
    again, before = new.first.manifest, known.first.manifest
    if again.dataset.sha256 != before.dataset.sha256:
        return "was trained on other data than the reference"
    return "" if len(known.runs) > 1 else "has one seed in the reference, which gives no interval"


def _check(what: str, metric: Metric, new: Arms, known: Arms) -> Iterator[ReferenceCheck]:
    """Judge an arm's level, or the paired difference of two arms, where seeds allow it."""
    ours, theirs = _values(new, metric), _values(known, metric)
    if ours and len(theirs) > 1:
        n, mean = len(ours), math.fsum(ours) / len(ours)
        image = 1 / new[0].images("validation")  # no interval is narrower than its share
        interval = prediction_interval(theirs, confidence=CONFIDENCE, rounding=image, further=n)
        yield ReferenceCheck(what, len(new) > 1, metric, interval, len(theirs), mean, n)


def _values(arms: Arms, metric: Metric) -> list[float]:
    """The values of one arm, or the differences of two, seed by seed."""
    first, *other = arms
    values = paired_values(first, other[0], metric) if other else level_of(first, metric).values
    return list(values.values())


def _contrasts(reference: Path) -> list[tuple[str, str]]:
    """List treatment and baseline of the reference's contrasts by their experiments, each once."""
    try:
        values, contrasts = _rows(reference / "values.csv"), _rows(reference / "contrasts.csv")
        named = {(row["study"], row["label"]): row["experiment"] for row in values}
        pairs = [
            tuple(named.get((row["study"], row[side]), "") for side in ("treatment", "baseline"))
            for row in contrasts
            if named
        ]
    except (KeyError, ValueError, LZMAError, csv.Error):
        raise BnbenchError(
            f"{reference}: values.csv or contrasts.csv is no table of `bnbench report`"
        ) from None
    return [(treatment, baseline) for treatment, baseline in dict.fromkeys(pairs)]


def _rows(path: Path) -> list[dict[str, str]]:
    """Read a table, or the compressed one in its place; none where neither is there."""
    packed = path.with_name(f"{path.name}.xz")
    if packed.is_file():
        content = decompressed(read_foreign(packed, MOST_PACKED))
    elif path.is_file():
        content = read_foreign(path, MOST_BYTES_OF_A_LOG)
    else:
        return []
    return list(csv.DictReader(StringIO(content.decode("utf-8"), newline="")))
