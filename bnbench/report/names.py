"""How arms and contrasts are called in a report."""

from __future__ import annotations

from bnbench.config import Study
from bnbench.config.label import Label
from bnbench.findings.results import Finding


def arm_title(study: Study, label: str) -> str:
    """Name an arm for people, with its point in brackets where it is one of a grid."""
    point = Label.parse(label).point
    return f"{study.arms[label].title} ({point})" if point else study.arms[label].title


def pair_title(study: Study, finding: Finding) -> str:
    """Name treatment and baseline; in a sweep, without the point at which they stand."""
    labels = (finding.treatment.label, finding.baseline.label)
    titles = [
        study.arms[label].title if point_of(finding) else arm_title(study, label)
        for label in labels
    ]
    return " against ".join(f"“{title}”" for title in titles)


def point_of(finding: Finding) -> str:
    """Find the point of a sweep that a finding is of; empty where it is of none."""
    return Label.parse(finding.name).point


def spoken(name: str) -> str:
    """Write a name of a study's file as words."""
    return name.replace("_", " ")


def grid_label(finding: Finding) -> str:
    """Find the label of the side whose point names the finding; the other may have none."""
    labels = (finding.treatment.label, finding.baseline.label)
    return next(label for label in labels if Label.parse(label).point == point_of(finding))


def grid_of(finding: Finding) -> str:
    """Find the label of the grid that a finding of a sweep stands in."""
    return Label.parse(grid_label(finding)).group


def setting_value(value: str | int | float | bool | None) -> str:
    """Write a value of a grid: 1.0 and 1 are the same."""
    return f"{value:g}" if isinstance(value, float) else str(value)
