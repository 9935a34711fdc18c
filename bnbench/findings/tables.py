"""A study's numbers as tidy tables, for CSV files: unrounded, one row a value or a finding."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pandas as pd

from bnbench.config import Metric, PlannedContrast, Study
from bnbench.findings.measures import failed, measure
from bnbench.findings.results import Finding, Level, StudyFindings
from bnbench.findings.study_runs import StudyRuns
from bnbench.statistics import Contrast, Equivalence, Interval, SpeedUp, Summary

Part = Summary | Contrast | Equivalence | SpeedUp
VALUE_COLUMNS = ["study", "label", "experiment", "seed", "metric", "value", "failed"]


def values_table(runs: StudyRuns) -> pd.DataFrame:
    """Lay out every metric of every run that the study compares.

    Returns
    -------
    DataFrame
        `VALUE_COLUMNS`: ``value`` in the metric's unit, infinite where a time was never reached,
        empty where it is not known; ``failed``, whether the run diverged or ended at chance.
    """
    rows = [
        (runs.study.name, arm.label, arm.experiment.experiment, seed, metric.text,
         measure(metric, run), failed(run))
        for label, metrics in _metrics(runs.study).items()
        for arm in (runs.arms[label],)
        for metric in metrics
        for seed, run in arm.runs.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


def _metrics(study: Study) -> dict[str, list[Metric]]:
    """Collect what each arm is measured by, in the order of the study."""
    wanted: dict[str, dict[str, Metric]] = {label: {} for label in study.arms}
    for planned in study.planned:
        pairs = (
            [planned] if isinstance(planned, PlannedContrast) else [planned.after, planned.before]
        )
        for label in (label for pair in pairs for label in (pair.treatment, pair.baseline)):
            wanted[label] |= {metric.text: metric for metric in planned.metrics}
    for best in study.best:
        for label in (*best.treatment, *best.baseline):
            wanted[label] |= {metric.text: metric for metric in best.metrics}
    return {label: list(metrics.values()) for label, metrics in wanted.items()}


def contrasts_table(findings: StudyFindings) -> pd.DataFrame:
    """Lay out one row a finding, with every number of it.

    Returns
    -------
    DataFrame
        First the planned contrasts, then best against best, then the changes. Intervals
        are two columns, ``<name>_low`` and ``<name>_high``; what a finding does not have is empty.
    """
    best = (finding for one in findings.best for finding in one.findings)
    found = (*findings.contrasts, *best, *findings.changes)
    return pd.DataFrame([_row(finding) for finding in found])


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "study": finding.study,
        "contrast": finding.name,
        "metric": finding.metric.text,
        "unit": finding.metric.quantity.unit,
        "n": finding.n,
        **_level("treatment", finding.treatment),
        **_level("baseline", finding.baseline),
        **_numbers("paired", finding.contrast),
        **_numbers("equivalence", finding.equivalence),
        **_numbers("speed_up", finding.speed_up),
        **_ends("prediction", finding.prediction),
        "published": finding.published,
        "smallest_effect": finding.smallest_effect,
        "confirmatory": finding.confirmatory,
        "p": finding.p,
        "p_adjusted": finding.p_adjusted,
        "adjusted_by": finding.adjusted_by,
        "notes": "; ".join(finding.notes),
        **({"any_time": True} if finding.any_time else {}),
    }


def _level(side: str, level: Level) -> dict[str, Any]:
    return {
        side: level.label,
        f"{side}_failed": len(level.diverged),
        **_numbers(side, level.summary),
        f"{side}_median": level.median,
        f"{side}_published": level.published,
    }


def _numbers(prefix: str, part: Part | None) -> dict[str, Any]:
    """Name every number of a part of a finding, and the ends of its intervals; seeds are not."""
    row: dict[str, Any] = {}
    for field in fields(part) if part else ():
        name, value = f"{prefix}_{field.name}", getattr(part, field.name)
        if isinstance(value, Interval):
            row |= _ends(name, value)
        elif isinstance(value, int | float):
            row[name] = value
    return row


def _ends(name: str, interval: Interval | None) -> dict[str, float]:
    return {f"{name}_low": interval.low, f"{name}_high": interval.high} if interval else {}
