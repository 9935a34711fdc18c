"""A study as it will be run and judged: arms, and what is compared of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bnbench.config.planned import BestAgainstBest, Change, PlannedContrast
from bnbench.config.schema import Experiment
from bnbench.config.study_schema import BriefQuestion, Point, QuestionPart

SMALL = "_small"


@dataclass(frozen=True)
class StudyArm:
    """One experiment of a study.

    Attributes
    ----------
    label : str
        In contrasts and claims: ``plain``, or ``plain@0.1`` at a point of a grid.
    title : str
        For people.
    point : tuple of Point
        Values of the grid's keys; empty without a grid.
    """

    label: str
    title: str
    experiment: Experiment
    point: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Study:
    """A study as it will be run and judged.

    Attributes
    ----------
    name : str
        With ``_small`` for the small variant.
    arms : dict of str to StudyArm
        By label.
    grid_keys : dict of str to tuple of str
        Label without its point -> the keys that points give values to; empty without a grid.
    keeps : str
        What the small variant keeps, such as ``2 of 10 epochs, 6 of 10 seeds``; empty where that
        is all of the study.
    has_small : bool
        Whether the file describes a small variant.
    figures : tuple of str or None
        Kinds that the report shows, in this order; ``None``: all, each beside its tables.
    claims : tuple of dict
        The study's own, unread.
    path : str
        Of its file.
    answered_by : tuple of QuestionPart
        The question in parts; see `bnbench.claims.part_tests`.
    brief : tuple of BriefQuestion
        The study's rows in the table of answers; see `bnbench.claims.brief_tests`.
    changes : tuple of Change
        Differences of contrasts.
    titles : dict of str to str
        Words for points that are no values of a grid's keys, such as the switches of a ladder, and
        for the groups of contrasts that stand at them.
    any_time : bool
        Whether seeds were added until the questions were decided, so that only intervals and
        tests may be used that hold at every number of seeds.
    title : str
        For people; empty: its name serves.
    """

    name: str
    question: str
    seeds: tuple[int, ...]
    arms: dict[str, StudyArm]
    grid_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    contrasts: tuple[PlannedContrast, ...] = ()
    best: tuple[BestAgainstBest, ...] = ()
    keeps: str = ""
    has_small: bool = False
    figures: tuple[str, ...] | None = None
    claims: tuple[dict[str, Any], ...] = ()
    path: str = ""
    answered_by: tuple[QuestionPart, ...] = ()
    brief: tuple[BriefQuestion, ...] = ()
    changes: tuple[Change, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    any_time: bool = False
    title: str = ""

    @property
    def planned(self) -> tuple[PlannedContrast | Change, ...]:
        """The contrasts, then the changes."""
        return (*self.contrasts, *self.changes)

    @property
    def compared(self) -> tuple[PlannedContrast | Change | BestAgainstBest, ...]:
        """All that is compared: as planned, and at its best."""
        return (*self.planned, *self.best)

    def comparison(self, name: str) -> PlannedContrast | Change | BestAgainstBest:
        """What is compared under a name, which the study has."""
        return next(each for each in self.compared if each.name == name)

    @property
    def experiments(self) -> list[Experiment]:
        """Every experiment once."""
        return list(
            {arm.experiment.experiment: arm.experiment for arm in self.arms.values()}.values()
        )
