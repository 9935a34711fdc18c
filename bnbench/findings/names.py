"""How studies, arms, contrasts and settings are called for people: by titles, never by keys."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from bnbench.config import BestAgainstBest, PlannedContrast, Study
from bnbench.config.label import Label
from bnbench.config.ladder import RECIPE
from bnbench.config.study import SMALL
from bnbench.config.study_schema import Point
from bnbench.findings.results import Finding
from bnbench.words import capitalized, spoken

T = TypeVar("T")
SETTINGS = {
    "data.train_examples": ("training images", "{} training images"),
    "data.scaling": ("input scaling", "inputs {}"),
    "training.batch_size": ("batch size", "batches of {}"),
    "model.batch_norm.momentum": ("momentum of batch norm", "momentum {}"),
    "model.activation": ("activation", "{}"),
    "training.initialization.scale": ("scale of the first weights", "scale {}"),
    RECIPE: ("recipe", "{}"),
}
"""Key -> what it is called, and how a value of it is; else the key's last word does."""
VALUES = {
    "raw": "0 to 255", "unit": "[0, 1]", "min_max": "min-max", "z_score": "z-score",
    "per_image_z_score": "z-score per image", "relu": "ReLU",
}  # fmt: skip
"""Values that are words."""


def study_title(study: Study) -> str:
    """Name a study for people, such as ``Learning rate``."""
    name = study.title or spoken(study.name.removesuffix(SMALL))
    return name[:1].upper() + name[1:]


def arm_title(study: Study, label: str) -> str:
    """Name an arm for people, with its settings where it is a point of a grid; or a lead."""
    if label not in study.arms:
        return lead_title(study, label)
    arm = study.arms[label]
    keys = study.grid_keys[Label.parse(label).group] if arm.point else ()
    return ", ".join([arm.title, *settings(keys, arm.point)])


def pair_title(study: Study, finding: Finding) -> str:
    """Name treatment and baseline; in a sweep, without the point at which they stand.

    Where a point is no value of a grid, each row compares another pair: its name says more.
    """
    if finding.point in study.titles:
        return study.titles.get(finding.group, spoken(finding.group))
    titles = [_without_point(study, label, finding.point) for label in finding.labels]
    return against(titles)


def against(titles: Iterable[str]) -> str:
    """Name treatment and baseline in a row."""
    return " against ".join(f"“{title}”" for title in titles)


def _without_point(study: Study, label: str, point: str) -> str:
    if point and label in study.arms:
        return study.arms[label].title
    group, own = Label.parse(label)
    return arm_title(study, group if own and own == point else label)


def lead_title(study: Study, contrast: str) -> str:
    """Name the lead in a contrast, which a change compares as if it were an arm."""
    name, point = Label.parse(contrast)
    labels = next((known.labels for known in study.contrasts if known.name == contrast), ())
    of_grid = next((label for label in labels if point and Label.parse(label).point == point), "")
    keys = study.grid_keys.get(Label.parse(of_grid).group, ())
    if keys == (RECIPE,):
        return ", ".join(["lead", *map(str, study.arms[of_grid].point)])
    lead = "lead" if name == "lead" else f"lead in {spoken(name)}"
    at = ", ".join(settings(keys, study.arms[of_grid].point)) if keys else ""
    return f"{lead} at {at}" if at else lead


def compared_titles(study: Study, name: str) -> tuple[str, str]:
    """Name the arms of a contrast; of grids that a best is chosen from, without the points."""
    compared = study.comparison(name)
    if isinstance(compared, BestAgainstBest):
        treatment, baseline = (
            study.arms[labels[0]].title for labels in (compared.treatment, compared.baseline)
        )
    else:
        treatment, baseline = (arm_title(study, label) for label in compared.labels)
    return treatment, baseline


def quoted_title(study: Study, label: str) -> str:
    """Name an arm, or a lead, within a sentence."""
    return f"“{arm_title(study, label)}”"


def tested_titles(study: Study, names: Mapping[str, str]) -> str:
    """Name what a test of a study is of, by the test's names: two sides, or one arm."""
    if "contrast" in names:
        return against(compared_titles(study, names["contrast"]))
    return quoted_title(study, names["arm"]) if "arm" in names else ""


def setting(key: str, value: Point) -> str:
    """Name a value with what it is of, such as ``learning rate 0.1``."""
    form = SETTINGS[key][1] if key in SETTINGS else f"{key_title(key)} {{}}"
    return form.format(setting_value(value))


def settings(keys: Sequence[str], values: Sequence[Point]) -> list[str]:
    """Name the values of a point, key by key."""
    return [setting(key, value) for key, value in zip(keys, values, strict=True)]


def key_title(key: str) -> str:
    """Name a setting: ``data.train_examples`` is ``training images``."""
    return SETTINGS[key][0] if key in SETTINGS else spoken(key.rpartition(".")[2])


def setting_value(value: Point) -> str:
    """Write a value of a grid: 1.0 and 1 are the same, and large numbers have commas."""
    if _is_word(value):
        return VALUES.get(str(value), str(value))
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def settings_at(study: Study, finding: Finding) -> str:
    """Name the point of a sweep that a finding is of, such as ``momentum 0.5``."""
    if (title := study.titles.get(finding.point)) is not None:
        return title
    label = grid_label(study, finding)
    return ", ".join(settings(grid_keys(study, finding), study.arms[label].point))


def sweep_title(study: Study, finding: Finding) -> str:
    """Name both sides of a sweep, and what it goes over."""
    if finding.point in study.titles:
        return capitalized(pair_title(study, finding))
    varied = " and ".join(map(key_title, grid_keys(study, finding)))
    return f"{pair_title(study, finding)}, by {varied}"


def change_title(study: Study, finding: Finding) -> str:
    """Say which leads a change compares."""
    return f"How the lead changes: {pair_title(study, finding)}"


def swept_over(study: Study, contrast: Finding | PlannedContrast) -> str:
    """``words`` or ``numbers``: the values of the grid in which a contrast stands; empty: none."""
    if not contrast.point or contrast.point in study.titles:
        return ""
    points = [point for label in contrast.labels for point in study.arms[label].point[:1]]
    return "words" if any(map(_is_word, points)) else "numbers"


def _is_word(value: Point) -> bool:
    return isinstance(value, bool) or not isinstance(value, int | float)


def grouped(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Put together what has the same key, in the order in which the keys come first."""
    groups: dict[Hashable, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())


def grid_label(study: Study, finding: Finding) -> str:
    """Find the label of the side whose point names the finding; the other may have none."""
    leads = {contrast.name: contrast.labels for contrast in study.contrasts}
    labels = [label for side in finding.labels for label in leads.get(side, (side,))]
    return next(label for label in labels if Label.parse(label).point == finding.point)


def grid_keys(study: Study, finding: Finding) -> tuple[str, ...]:
    """The keys of the grid that a finding of a sweep stands in."""
    return study.grid_keys[Label.parse(grid_label(study, finding)).group]
