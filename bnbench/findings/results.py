"""What a study's runs say, as frozen data: read by the verdicts, and shown by the report."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from bnbench.config import Metric, Study
from bnbench.config.label import AtPoint
from bnbench.config.study_schema import Point
from bnbench.statistics import (
    Contrast,
    Equivalence,
    Interval,
    McNemar,
    SpeedUp,
    Summary,
    TwoLevelDifference,
    median_time,
    summarize,
)


class RunNote(NamedTuple):
    """What is to be said of a run that takes no part, or that failed."""

    experiment: str
    seed: int
    said: str

    def __str__(self) -> str:
        """All of it in a line: ``lenet5, seed 3: diverged after epoch 1``."""
        return f"{self.experiment}, seed {self.seed}: {self.said}"


class Arm(str):
    """The label of an arm within a note: a report writes its title in its place."""

    __slots__ = ()


@dataclass(frozen=True)
class Note:
    """What a reader must know of a finding besides its numbers.

    Attributes
    ----------
    parts : tuple of str
        One after the other a line; the labels in it are `Arm`.
    reason : str
        Stands in brackets at its end, if there is one.
    """

    parts: tuple[str, ...]
    reason: str = ""

    def told(self, name: Callable[[str], str]) -> str:
        """Write the line, with `name` of each label in its place."""
        line = "".join(name(part) if isinstance(part, Arm) else part for part in self.parts)
        return f"{line} ({self.reason})" if self.reason else line

    def __str__(self) -> str:
        """The line with the labels as they are."""
        return self.told(str)


@dataclass(frozen=True)
class Level:
    """One metric of one arm over its seeds.

    Attributes
    ----------
    label : str
        Of the arm in its study.
    values : dict of int to float
        Seed -> value. Diverged runs are in it: accuracies at chance, losses at ln K, times
        infinite.
    failed : tuple of int
        Seeds.
    published : float or None
        Of the published run that the arm replicates.
    reading_error : float
        With which that value can be read.
    at_first_look : bool
        Of a time: whether half of the runs or more are there when they are first evaluated, so
        that the median is no more than an upper bound.
    """

    label: str
    metric: Metric
    values: dict[int, float]
    failed: tuple[int, ...] = ()
    published: float | None = None
    reading_error: float = 0.0
    at_first_look: bool = False

    @cached_property
    def summary(self) -> Summary | None:
        """Mean, interval and prediction interval, this one wider by the reading error.

        ``None`` for times, and where no value is known.
        """
        if self.metric.quantity.kind == "time" or not self.values:
            return None
        return summarize(list(self.values.values()), rounding=self.reading_error)

    @cached_property
    def median(self) -> float:
        """Median of the values; NaN where none is known."""
        return median_time(list(self.values.values())) if self.values else math.nan

    @property
    def unit(self) -> str:
        """Of its metric."""
        return self.metric.quantity.unit

    @property
    def n(self) -> int:
        """Seeds of which it is known."""
        return len(self.values)

    @property
    def reached(self) -> int:
        """Of a time: how many runs arrive."""
        return sum(map(math.isfinite, self.values.values()))


@dataclass(frozen=True)
class Finding(AtPoint):
    """One contrast on one metric.

    Attributes
    ----------
    study, name : str
        `name` is that of what was planned.
    treatment, baseline : Level
        At all of their seeds; what follows is of the seeds that both have.
    contrast : Contrast or None
        Of a level; ``None`` for times and shares, and where no seed is shared.
    equivalence : Equivalence or None
        Two one-sided tests within the smallest effect, of a level that has one.
    speed_up : SpeedUp or None
        Of a time.
    prediction : Interval or None
        95 % prediction interval of the difference of one further pair.
    published : float or None
        The published difference, of times in epochs.
    p : float
        Two-sided: exact sign flips for a level, the sign test for a time or a share; NaN for
        n = 1 or where nothing differs.
    p_adjusted : float
        Within its family in the study; see `bnbench.findings.multiplicity.adjust`. NaN where `p`
        is, which counts as 1 in the family.
    adjusted_by : str
        ``Holm``, ``Benjamini-Hochberg`` or ``""``.
    notes : tuple of Note
        Seeds that only one side has, arms with different epochs, nothing shared, ...
    any_time : bool
        Whether its intervals and p hold at every number of seeds; see `Study.any_time`.
    family : str
        Names the findings of the study that `p` was adjusted with.
    """

    study: str
    name: str
    metric: Metric
    treatment: Level
    baseline: Level
    contrast: Contrast | None
    equivalence: Equivalence | None
    speed_up: SpeedUp | None
    prediction: Interval | None
    published: float | None
    smallest_effect: float | None
    confirmatory: bool
    p: float
    p_adjusted: float
    adjusted_by: str
    notes: tuple[Note, ...]
    any_time: bool = False
    family: str = ""

    @property
    def labels(self) -> tuple[str, str]:
        """Of the treatment and the baseline."""
        return self.treatment.label, self.baseline.label

    @property
    def unit(self) -> str:
        """Of its metric."""
        return self.metric.quantity.unit

    @property
    def n(self) -> int:
        """Seeds that both sides have."""
        return len(self.treatment.values.keys() & self.baseline.values.keys())

    @property
    def measured(self) -> bool:
        """Whether there is a pair to judge."""
        if self.metric.quantity.kind == "share":
            return self.n > 0
        return (self.contrast or self.speed_up) is not None


@dataclass(frozen=True)
class BestFinding:
    """Each side at its best point, which tuning seeds chose and fresh seeds score.

    Attributes
    ----------
    treatment, baseline : str
        Labels of the chosen points.
    findings : tuple of Finding
        On the fresh seeds, one a metric.
    usable : dict of str to dict of int to tuple
        ``treatment`` and ``baseline`` -> seed, of all that every point has -> the points, in the
        grid's order, whose final validation accuracy is within 1 pp of the best of both sides at
        the seed, and which did not fail.
    """

    name: str
    treatment: str
    baseline: str
    tuning_seeds: tuple[int, ...]
    findings: tuple[Finding, ...]
    usable: dict[str, dict[int, tuple[Point, ...]]]


@dataclass(frozen=True)
class PublishedPoint:
    """One point of a published curve against the re-runs.

    Attributes
    ----------
    label : str
        Of the arm that replicates it.
    split : str
        ``train`` or ``validation``.
    published : float
        In [0, 1].
    summary : Summary
        Of the re-runs; its prediction interval is widened by the reading error.
    """

    label: str
    split: str
    epoch: int
    published: float
    summary: Summary

    unit = "pp"

    @property
    def inside(self) -> bool:
        """Whether the prediction interval holds the published value."""
        return self.summary.prediction.contains(self.published)


@dataclass(frozen=True)
class TestPredictions:
    """Two arms compared image by image, by their predictions for the test file.

    Attributes
    ----------
    contrast : str
        Name of the contrast.
    per_seed : dict of int to McNemar
        Two single networks on these very images.
    two_level : TwoLevelDifference
        Accuracy difference with seeds alone resampled (a claim about this test file), and with
        seeds and images (a claim about new digits).
    """

    contrast: str
    per_seed: dict[int, McNemar]
    two_level: TwoLevelDifference


@dataclass(frozen=True)
class StudyFindings:
    """All that one study's runs say.

    Attributes
    ----------
    contrasts : tuple of Finding
        In the study's order.
    changes : tuple of Finding
        Of differences of contrasts; a side is the lead in a contrast, labelled by its name.
    missing : tuple of RunNote
        Runs that are not there or did not finish.
    failed : tuple of RunNote
        Runs that diverged, or ended near chance.
    """

    study: Study
    contrasts: tuple[Finding, ...]
    best: tuple[BestFinding, ...]
    changes: tuple[Finding, ...]
    published: tuple[PublishedPoint, ...]
    missing: tuple[RunNote, ...]
    failed: tuple[RunNote, ...]

    @property
    def all(self) -> tuple[Finding, ...]:
        """Every finding: of contrasts, of best against best, of changes."""
        best = (finding for chosen in self.best for finding in chosen.findings)
        return (*self.contrasts, *best, *self.changes)

    @cached_property
    def by_name(self) -> dict[tuple[str, str], Finding]:
        """Every finding by the name of its contrast and the text of its metric."""
        return {(finding.name, finding.metric.text): finding for finding in self.all}

    def finding(self, contrast: str, metric: str) -> Finding | None:
        """A contrast's finding on a metric, whether anything was measured or not."""
        return self.by_name.get((contrast, metric))

    def level(self, arm: str, metric: str) -> Level | None:
        """An arm's level, if it was measured in a contrast that has the arm and the metric."""
        levels = (
            side for finding in self.contrasts for side in (finding.treatment, finding.baseline)
        )
        found = (level for level in levels if (level.label, level.metric.text) == (arm, metric))
        known = (level for level in found if level.summary and not math.isnan(level.summary.mean))
        return next(known, None)

    def best_of(self, contrast: str) -> BestFinding | None:
        """A contrast of best against best."""
        return next((best for best in self.best if best.name == contrast), None)
