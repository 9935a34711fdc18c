"""What a study file holds, before its grids are expanded and its experiments are loaded."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bnbench.config.problems import SHORT_QUESTION
from bnbench.config.schema import Float, Settings

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*$")]
Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
Point = str | int | float | bool | None
Points = Annotated[tuple[Point, ...], Field(strict=False, min_length=1)]


class StudyExperiment(Settings):
    """A base config with some settings changed, once or at every point of a grid."""

    config: str
    """The experiment's YAML file, its path seen from the study's own folder; or its name."""
    title: str = ""
    """In figures and tables; by default the experiment's description."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """Dotted key -> value."""
    grid: dict[str, Points] = Field(default_factory=dict)
    """Dotted key -> values; with several keys, every combination."""


class StudyContrast(Settings):
    """Treatment against baseline; with grids on both sides, point by point."""

    treatment: str
    """Label of an experiment, or ``label@point`` of a grid."""
    baseline: str
    """Likewise: what the treatment is compared with."""
    metrics: Names
    """What is compared, such as `validation_accuracy@1`."""
    smallest_effect: Annotated[Float, Field(gt=0)] | None = None
    """Of interest. Of metrics in pp it is a share: 0.01 is 1 pp; else it is in their unit. By
    default 0.001 of pp or nats: 0.1 pp. Other metrics have none unless it is given, and no
    difference in them is small enough to ignore."""
    family: Literal["confirmatory", "exploratory"] = "exploratory"
    """The p-values of confirmatory contrasts are adjusted together."""
    tuning_seeds: Annotated[int, Field(ge=1)] | None = None
    """Instead of point by point: each side at the point that is best on so many first seeds,
    by the first of `metrics`, scored on the seeds after them."""


class StudyChange(Settings):
    """The difference of two contrasts; of two sweeps, point by point: an interaction."""

    after: str
    """Name of a contrast: the lead in it, less the lead in `before`."""
    before: str
    """Likewise: the lead that is subtracted."""
    metrics: Names
    """Levels."""
    smallest_effect: Annotated[Float, Field(gt=0)] | None = None
    """As of a contrast."""
    family: Literal["confirmatory", "exploratory"] = "exploratory"
    """As of a contrast."""


class LadderArm(Settings):
    """The two ends of a ladder: config files, from the study's own folder."""

    published: str
    """The config of the published recipe."""
    corrected: str
    """The config of the corrected recipe."""
    title: str = ""
    """In figures and tables."""


class Switch(Settings):
    """One defect of the published code: the settings that put it right."""

    keys: Names
    """Dotted keys that it sets as the corrected config has them."""
    says: str
    """The defect in a few words."""
    arms: Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | None = None
    """The arms in which it can have an effect; by default all."""


class StudyLadder(Settings):
    """From the published recipe to the corrected one, one switch at a time."""

    treatment: str
    """Name of an arm."""
    baseline: str
    """Name of an arm."""
    arms: dict[Name, LadderArm]
    """The networks, each with both ends."""
    switches: dict[Name, Switch]
    """The defects, in the order in which the ladder corrects them."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """Dotted key -> value, on top of both ends."""
    metrics: Names
    """Levels that every rung is compared by."""


class QuestionPart(Settings):
    """A part of the study's question, and the contrasts that answer it."""

    says: str
    """In a few words, such as ``corrected``; the answer to this part begins with them."""
    contrasts: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Of contrasts or changes, judged together. The name of a sweep stands for all its points, that
    of a ladder's ``switch`` for each rung."""
    metrics: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """Those of the contrasts that answer; some rules need none."""
    yes: str
    """The rule of claims (`bnbench.claims.rules`) that means yes, such as ``higher``; with
    ``reproduced`` the published accuracies are asked for, and no contrast is named."""

    @model_validator(mode="after")
    def _has_contrasts(self) -> QuestionPart:
        if bool(self.contrasts) == (self.yes == "reproduced"):
            raise ValueError("must name `contrasts`, or else ask `yes: reproduced` without any")
        return self


class BriefQuestion(Settings):
    """One row of the table of answers: a short question, and the contrasts that answer it."""

    question: Annotated[str, Field(pattern=SHORT_QUESTION)]
    """Two to eight words."""
    metric: str
    """The one that answers."""
    yes: str
    """The rule of claims that means yes."""
    published: str | None = None
    """The contrast of the recipe as published."""
    corrected: str | None = None
    """The contrast that answers; of a study of your own, this one alone."""


class SmallStudy(Settings):
    """A variant that fits into a quarter of an hour."""

    keeps: str = ""
    """What `overrides` and `grid` leave of the study, such as ``10,000 of 55,000 images, 2 of 10
    epochs``. Seeds are counted."""
    seeds: Annotated[int, Field(ge=1)] | None = None
    """So many, in place of the study's."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """On top of every experiment's own, and of the ladder's."""
    grid: dict[str, Points] = Field(default_factory=dict)
    """Fewer values for keys that the experiments' grids have."""

    @model_validator(mode="after")
    def _says_what_is_left(self) -> SmallStudy:
        if (self.overrides or self.grid) and not self.keeps:
            raise ValueError("must say under `keeps` what it leaves, such as: 2 of 10 epochs")
        return self


class StudyFile(Settings):
    """``configs/studies/<study>.yaml``."""

    study: Name
    """Name, and folder of the experiments that it changes."""
    title: str = ""
    """Heading of its part of the report; by default its name."""
    question: str
    """What it asks, as one sentence."""
    seeds: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Every experiment is run with the seeds 0 to one less."""
    experiments: dict[Name, StudyExperiment] = Field(default_factory=dict)
    """What is trained."""
    contrasts: dict[Name, StudyContrast] = Field(default_factory=dict)
    """Which experiments are compared, and by what."""
    changes: dict[Name, StudyChange] = Field(default_factory=dict)
    """Which contrasts are compared."""
    ladder: StudyLadder | None = None
    """From the published recipe to the corrected one, one switch at a time."""
    small: SmallStudy | None = None
    """A shorter variant, which `--small` runs."""
    figures: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    """Kinds of figures that the report shows, in this order, at the head of the study's part; by
    default every kind that the study has, each beside its tables."""
    answered_by: Annotated[tuple[QuestionPart, ...], Field(strict=False, max_length=3)] = ()
    """The question in parts; by default whether each contrast's first metric differs."""
    brief: Annotated[tuple[BriefQuestion, ...], Field(strict=False)] = ()
    """The study's rows in the table of answers, which README shows."""
    claims: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = ()
    """Claims of your own, as in ``bnbench/claims/articles``."""
