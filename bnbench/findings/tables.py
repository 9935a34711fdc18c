"""A study's numbers as tidy tables, for CSV files: unrounded, one row a value or a finding."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, get_type_hints

from bnbench.config import Metric, Study
from bnbench.findings.columns import Column, frame
from bnbench.findings.levels import level_of
from bnbench.findings.results import Finding, Level
from bnbench.findings.study_runs import StudyRuns
from bnbench.statistics import Contrast, Equivalence, Interval, SpeedUp, Summary

if TYPE_CHECKING:
    import pandas as pd

VALUE_COLUMNS = ["study", "label", "experiment", "seed", "metric", "value", "failed"]


def values_table(
    runs: StudyRuns, measured: Mapping[str, Sequence[Metric]] | None = None
) -> pd.DataFrame:
    """Lay out every metric of every run that the study compares.

    Parameters
    ----------
    measured : mapping of str to sequence of Metric, optional
        Metrics of the arms, by their labels; by default `metrics_of_arms`.

    Returns
    -------
    DataFrame
        `VALUE_COLUMNS`: ``value`` in the metric's unit, infinite where a time was never reached,
        empty where it is not known; ``failed``, whether the run diverged or ended near chance.
    """
    import pandas as pd

    rows = [
        (runs.study.name, arm.label, arm.experiment.experiment, seed, metric.text,
         level.values.get(seed, math.nan), run.failed)  # noqa: PD011 -- a dict
        for label, metrics in (measured or metrics_of_arms(runs.study)).items()
        for arm in (runs.arms[label],)
        for metric in metrics
        for level in (level_of(arm, metric),)
        for seed, run in arm.runs.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=VALUE_COLUMNS)


def metrics_of_arms(study: Study) -> dict[str, list[Metric]]:
    """Collect what each arm is measured by, in the order of the study."""
    wanted: dict[str, dict[str, Metric]] = {label: {} for label in study.arms}
    for compared in study.compared:
        for label in compared.arms:
            wanted[label] |= {metric.text: metric for metric in compared.metrics}
    return {label: list(metrics.values()) for label, metrics in wanted.items()}


def contrasts_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """Lay out one row a finding, with every number of it: `CONTRASTS`."""
    looked_at = [ANY_TIME_COLUMN] * any(finding.any_time for finding in findings)
    return frame((*CONTRASTS, *looked_at), findings)


def levels_table(levels: Sequence[Level]) -> pd.DataFrame:
    """Lay out one row a metric of an arm, with the numbers that a contrast has of either side."""
    return frame(LEVEL_COLUMNS, levels)


def _numbers(prefix: str, field: str, part: type) -> Iterator[Column]:
    """Every number of a part of a finding, and the ends of its intervals; seeds are not."""
    for name, kind in get_type_hints(part).items():
        if kind is Interval:
            yield from _ends(f"{prefix}{name}", f"{field}.{name}")
        elif kind in (int, float):
            yield Column(f"{prefix}{name}", f"{field}.{name}")


def _ends(title: str, field: str) -> Iterator[Column]:
    yield from (Column(f"{title}_{end}", f"{field}.{end}") for end in ("low", "high"))


def _level() -> Iterator[Column]:
    yield Column("failed", "failed", lambda seeds, _: len(seeds))
    yield from _numbers("", "summary", Summary)
    yield from (Column(name, name) for name in ("median", "published"))


def _side(side: str) -> Iterator[Column]:
    """Whatever is known of one side of a contrast, behind the side's name."""
    yield Column(side, f"{side}.label")
    for column in _level():
        yield replace(column, title=f"{side}_{column.title}", field=f"{side}.{column.field}")


LEVEL_COLUMNS = (
    Column("experiment", "label"),
    Column("metric", "metric.text"),
    Column("unit", "unit"),
    *_level(),
)
"""Of ``levels.csv``, which `bnbench compare` writes."""

CONTRASTS = (
    Column("study", "study"),
    Column("contrast", "name"),
    Column("metric", "metric.text"),
    Column("unit", "unit"),
    Column("n", "n"),
    *_side("treatment"),
    *_side("baseline"),
    *_numbers("paired_", "contrast", Contrast),
    *_numbers("equivalence_", "equivalence", Equivalence),
    *_ends("prediction", "prediction"),
    *(Column(name, name) for name in ("published", "smallest_effect", "confirmatory", "p",
                                      "p_adjusted", "adjusted_by", "family")),
    Column("notes", "notes", lambda notes, _: "; ".join(map(str, notes))),
    *_numbers("speed_up_", "speed_up", SpeedUp),
)  # fmt: skip
"""Of ``contrasts.csv``; an interval is two columns, ``<name>_low`` and ``<name>_high``."""

ANY_TIME_COLUMN = Column("any_time", "any_time")
