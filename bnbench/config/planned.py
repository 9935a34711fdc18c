"""What a study compares: two arms, two contrasts, or each side at its best."""

from __future__ import annotations

from dataclasses import dataclass

from bnbench.config.label import AtPoint
from bnbench.metrics import Metric

SMALLEST_EFFECT = 0.001
"""Where a study declares none: 0.1 pp, or 0.001 nats. In other units it would mean nothing."""


class Compared(AtPoint):
    """What is compared on several metrics, with one smallest effect of interest for all."""

    smallest_effect: float | None
    confirmatory: bool

    def effect_on(self, metric: Metric) -> float | None:
        """The smallest effect of interest on a metric; ``None`` of a level that has none."""
        quantity = metric.quantity
        has_default = quantity.unit in ("pp", "nats") or quantity.kind != "level"
        return self.smallest_effect or (SMALLEST_EFFECT if has_default else None)


@dataclass(frozen=True)
class PlannedContrast(Compared):
    """Treatment against baseline, paired by seed, on one or more metrics.

    Attributes
    ----------
    name : str
        As the study's file names it, or ``name@point``.
    treatment, baseline : str
        Labels of arms.
    smallest_effect : float or None
        Of interest, in the metrics' unit, declared beforehand; see `effect_on`.
    confirmatory : bool
        Whether it belongs to the family whose p values are adjusted together.
    """

    name: str
    treatment: str
    baseline: str
    metrics: tuple[Metric, ...]
    smallest_effect: float | None
    confirmatory: bool

    @property
    def labels(self) -> tuple[str, str]:
        """Of the treatment and the baseline."""
        return self.treatment, self.baseline

    @property
    def arms(self) -> tuple[str, ...]:
        """Labels of all arms whose runs it takes."""
        return self.labels


@dataclass(frozen=True)
class Change(Compared):
    """The difference of two contrasts, paired by seed: how the lead changes, or an interaction.

    Attributes
    ----------
    name : str
        As of a `PlannedContrast`.
    after, before : PlannedContrast
        The lead in the first, less the lead in the second.
    metrics : tuple of Metric
        Levels; the difference of two infinite times would be no number.
    confirmatory : bool
        As of a `PlannedContrast`.
    """

    name: str
    after: PlannedContrast
    before: PlannedContrast
    metrics: tuple[Metric, ...]
    smallest_effect: float | None = None
    confirmatory: bool = False

    @property
    def labels(self) -> tuple[str, str]:
        """The names of the two contrasts, whose leads are compared as if they were arms."""
        return self.after.name, self.before.name

    @property
    def arms(self) -> tuple[str, ...]:
        """As of a `PlannedContrast`."""
        return self.after.arms + self.before.arms


@dataclass(frozen=True)
class BestAgainstBest(Compared):
    """Each side at the point of its grid that is best on tuning seeds, scored on fresh ones.

    Attributes
    ----------
    treatment, baseline : tuple of str
        Labels of the arms to choose from.
    metrics : tuple of Metric
        The first chooses.
    tuning_seeds : int
        So many first seeds choose; those after them score.
    """

    name: str
    treatment: tuple[str, ...]
    baseline: tuple[str, ...]
    metrics: tuple[Metric, ...]
    tuning_seeds: int
    smallest_effect: float | None
    confirmatory: bool

    @property
    def arms(self) -> tuple[str, ...]:
        """As of a `PlannedContrast`."""
        return self.treatment + self.baseline
