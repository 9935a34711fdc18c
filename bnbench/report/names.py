"""How studies, arms, contrasts and settings are called in a report: by titles, never by keys."""

from __future__ import annotations

from collections.abc import Sequence

from bnbench.config import Change, Study
from bnbench.config.label import Label
from bnbench.config.study import SMALL
from bnbench.config.study_schema import Point
from bnbench.findings.results import Finding

SETTINGS = {
    "data.train_examples": ("training images", "{} training images"),
    "data.scaling": ("input scaling", "inputs {}"),
    "training.batch_size": ("batch size", "batches of {}"),
    "model.batch_norm.momentum": ("momentum of batch norm", "momentum {}"),
    "model.activation": ("activation", "{}"),
}
"""Key -> what it is called, and how a value of it is; else the key's last word does."""
VALUES = {
    "raw": "0 to 255", "unit": "[0, 1]", "min_max": "min-max", "z_score": "z-score",
    "per_image_z_score": "z-score per image", "relu": "ReLU",
}  # fmt: skip
"""Values that are words."""


def study_title(study: Study) -> str:
    """Name a study for people, such as ``Learning rate``."""
    words = spoken(study.name.removesuffix(SMALL))
    return words.upper() if words in ("cnn", "mlp") else words[:1].upper() + words[1:]


def arm_title(study: Study, label: str) -> str:
    """Name an arm for people, with its settings where it is a point of a grid; or a lead."""
    if label not in study.arms:
        return lead_title(label)
    arm = study.arms[label]
    keys = study.grid_keys[Label.parse(label).group] if arm.point else ()
    settings = [setting(key, value) for key, value in zip(keys, arm.point, strict=True)]
    return ", ".join([arm.title, *settings])


def pair_title(study: Study, finding: Finding) -> str:
    """Name treatment and baseline; in a sweep, without the point at which they stand."""
    sides = (finding.treatment.label, finding.baseline.label)
    titles = [_without_point(study, label, point_of(finding)) for label in sides]
    return " against ".join(f"“{title}”" for title in titles)


def _without_point(study: Study, label: str, point: str) -> str:
    if point and label in study.arms:
        return study.arms[label].title
    group, own = Label.parse(label)
    return arm_title(study, group if own and own == point else label)


def lead_title(contrast: str) -> str:
    """Name the lead in a contrast, which a change compares as if it were an arm."""
    return f"lead in {spoken(contrast)}"


def setting(key: str, value: Point) -> str:
    """Name a value with what it is of, such as ``learning rate 0.1``."""
    form = SETTINGS[key][1] if key in SETTINGS else f"{key_title(key)} {{}}"
    return form.format(setting_value(value))


def key_title(key: str) -> str:
    """Name a setting: ``data.train_examples`` is ``training images``."""
    return SETTINGS[key][0] if key in SETTINGS else spoken(key.rpartition(".")[2])


def setting_value(value: Point) -> str:
    """Write a value of a grid: 1.0 and 1 are the same, and large numbers have commas."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return VALUES.get(str(value), str(value))
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def settings_at(study: Study, finding: Finding) -> str:
    """Name the point of a sweep that a finding is of, such as ``momentum 0.5``."""
    label = grid_label(study, finding)
    keys: Sequence[str] = study.grid_keys[grid_of(study, finding)]
    values = study.arms[label].point
    return ", ".join(setting(key, value) for key, value in zip(keys, values, strict=True))


def sweep_title(study: Study, finding: Finding) -> str:
    """Name both sides of a sweep, and what it goes over."""
    setting = " and ".join(map(key_title, study.grid_keys[grid_of(study, finding)]))
    return f"{pair_title(study, finding)}, by {setting}"


def own_changes(study: Study) -> list[Change]:
    """List the changes that a study plans itself; those of a ladder are shown with it."""
    of_ladder = {one.name for one in study.ladder.changes} if study.ladder else set()
    return [change for change in study.changes if change.name not in of_ladder]


def point_of(finding: Finding) -> str:
    """Find the point of a sweep that a finding is of; empty where it is of none."""
    return Label.parse(finding.name).point


def spoken(name: str) -> str:
    """Write a name of a study's file as words."""
    return name.replace("_", " ")


def grid_label(study: Study, finding: Finding) -> str:
    """Find the label of the side whose point names the finding; the other may have none."""
    leads = {contrast.name: (contrast.treatment, contrast.baseline) for contrast in study.contrasts}
    sides = (finding.treatment.label, finding.baseline.label)
    labels = [label for side in sides for label in leads.get(side, (side,))]
    return next(label for label in labels if Label.parse(label).point == point_of(finding))


def grid_of(study: Study, finding: Finding) -> str:
    """Find the label of the grid that a finding of a sweep stands in."""
    return Label.parse(grid_label(study, finding)).group
