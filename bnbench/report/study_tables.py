"""The tables of a study: every number of its findings, as text with its unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from bnbench.config import Study
from bnbench.findings import numbers
from bnbench.findings.columns import Column
from bnbench.findings.names import arm_title, pair_title, settings_at
from bnbench.findings.numbers import NOTHING
from bnbench.findings.results import Finding, Level, PublishedPoint, TestPredictions
from bnbench.report.table import Table, tabulate
from bnbench.statistics import Contrast, Equivalence, Interval, McNemar, SpeedUp, Summary


def contrast_tables(study: Study, findings: Sequence[Finding]) -> list[Table]:
    """Lay out the findings of one group: levels, times and shares of runs apart.

    Parameters
    ----------
    findings : sequence of Finding
        Of one group; where they are of a sweep, a first column says at which value.
    """
    pair = pair_title(study, findings[0])
    swept = any(finding.point for finding in findings)
    at = Column("at", "", lambda finding, _: settings_at(study, finding) * bool(finding.point))
    of_leads = any(label not in study.arms for label in findings[0].labels)
    kinds = (
        ("level", f"Levels, {pair}: paired differences", OF_CHANGES if of_leads else OF_LEVELS),
        ("time", f"Times, {pair}: medians over seeds", TIMES),
        ("share", f"Failed runs, {pair}", SHARES),
    )
    # runs that failed are counted without a pair, too
    shown = [row for row in findings if row.measured or row.metric.quantity.kind == "share"]
    names = ANY_TIME_TITLES if any(finding.any_time for finding in findings) else {}

    def called(columns: Iterable[Column]) -> list[Column]:
        return [replace(column, title=names.get(column.title, column.title)) for column in columns]

    return [
        tabulate(caption, [*[at] * swept, *called(columns)], rows, words=1 + swept)
        for kind, caption, columns in kinds
        if (rows := [row for row in shown if row.metric.quantity.kind == kind])
    ]


def _bare(write: Callable[..., str]) -> Callable[[Any, str], str]:
    """Write something that has no unit."""
    return lambda value, _: write(value)


def _bootstrap(ends: Interval, unit: str) -> str:
    """Write the bootstrap interval with its kind, which depends on n."""
    written = numbers.interval(ends, unit)
    return written if written == NOTHING else f"{written} {ends.method.split()[0]}"


def _adjusted(finding: Finding, _: str) -> str:
    p = numbers.p_value(finding.p_adjusted)
    return f"{p} ({finding.adjusted_by})" if finding.adjusted_by and p != NOTHING else NOTHING


def _better(found: Contrast | SpeedUp) -> str:
    return numbers.ratio(found.win_probability, found.win_interval)


def _equivalence(test: Equivalence, unit: str) -> str:
    if math.isnan(test.interval.low):
        return NOTHING
    shown = "shown" if test.equivalent else "not shown"
    p = f", p {numbers.p_value(test.p)}" if math.isfinite(test.p) else ""
    return f"within {numbers.size(test.margin, unit)}: {shown}{p}"


def _published_difference(finding: Finding, unit: str) -> str | None:
    if finding.published is None:
        return None
    written, ends = numbers.difference(finding.published, unit), finding.prediction
    if ends is None or math.isnan(ends.low):
        return written
    return f"{written} ({'inside' if ends.contains(finding.published) else 'outside'})"


def _published_times(finding: Finding, unit: str) -> str:
    times = [level.published for level in (finding.treatment, finding.baseline)]
    written = [NOTHING if time is None else numbers.level(time, unit) for time in times]
    return " against ".join(written) if set(written) != {NOTHING} else NOTHING


def _count(level: Level) -> str:
    return f"{sum(level.values.values()):.0f} of {len(level.values)}"


ANY_TIME_TITLES = {
    "95 % t interval": "95 % any-time interval",
    "exact p": "any-time p",
    "sign test p": "any-time p",
}
"""Columns of a study to which seeds were added until it was decided, by their usual titles."""
METRIC = Column("metric", "metric.title")
ADJUSTED = Column("adjusted p", "", _adjusted)
OF_LEVELS = (
    METRIC,
    Column("n", "contrast.n"),
    Column("treatment mean", "contrast.treatment_mean", numbers.level),
    Column("baseline mean", "contrast.baseline_mean", numbers.level),
    Column("mean difference", "contrast.mean_difference", numbers.difference),
    Column("95 % t interval", "contrast.t_interval", numbers.interval),
    Column("95 % bootstrap interval", "contrast.bootstrap_interval", _bootstrap, rare=True),
    Column("exact p", "p", _bare(numbers.p_value), rare=True),
    ADJUSTED,
    Column("d_z", "contrast.d_z", _bare(numbers.number), rare=True),
    Column("P(treatment better)", "contrast", _bare(_better), rare=True),
    Column(
        "correlation of pairs", "contrast.pairing_correlation", _bare(numbers.number), rare=True
    ),
    Column("smallest detectable", "contrast.smallest_detectable", numbers.size, rare=True),
    Column("n needed", "contrast.n_needed", _bare(numbers.seeds), rare=True),
    Column("equivalent", "equivalence", _equivalence, rare=True),
    Column("published difference", "", _published_difference),
    Column("95 % prediction interval", "prediction", numbers.interval, rare=True),
)
LEADS = {
    "treatment mean": Column("first lead", "contrast.treatment_mean", numbers.difference),
    "baseline mean": Column("second lead", "contrast.baseline_mean", numbers.difference),
}
OF_CHANGES = tuple(LEADS.get(column.title, column) for column in OF_LEVELS)
"""Of a change, both sides are differences themselves."""
TIMES = (
    METRIC,
    Column("n", "speed_up.n"),
    Column("treatment median", "speed_up.treatment_median", numbers.level),
    Column("baseline median", "speed_up.baseline_median", numbers.level),
    Column("treatment never", "speed_up",
           _bare(lambda speed: f"{speed.treatment_never} of {speed.n}"), rare=True),
    Column("baseline never", "speed_up",
           _bare(lambda speed: f"{speed.baseline_never} of {speed.n}"), rare=True),
    Column("baseline / treatment", "speed_up.ratio", _bare(numbers.number)),
    Column("95 % bootstrap interval", "speed_up.interval", _bare(numbers.ratio_interval),
           rare=True),
    Column("sign test p", "p", _bare(numbers.p_value), rare=True),
    ADJUSTED,
    Column("P(treatment sooner)", "speed_up", _bare(_better), rare=True),
    Column("published", "", _published_times),
)  # fmt: skip
SHARES = (
    METRIC,
    Column("treatment", "treatment", _bare(_count)),
    Column("baseline", "baseline", _bare(_count)),
)


def published_table(study: Study, points: Iterable[PublishedPoint]) -> Table:
    """Lay out the published points against their prediction intervals."""
    arm = Column("arm", "label", lambda label, _: arm_title(study, label))
    return tabulate("Published accuracies and the re-runs", (arm, *POINTS), points, words=2)


def predictions_table(compared: TestPredictions) -> Table:
    """Lay out McNemar's test seed by seed."""
    seeds = sorted(compared.per_seed.items())
    return tabulate("Two single networks on the same images, by McNemar's test", MCNEMAR,
                    (SeedPredictions(seed, found) for seed, found in seeds))  # fmt: skip


class SeedPredictions(NamedTuple):
    """The predictions of two networks of one seed, compared."""

    seed: int
    found: McNemar
    unit: str = "pp"


def _between(summary: Summary, unit: str) -> str | None:
    if summary.n < 2:
        return None
    ends = (summary.prediction.low, summary.prediction.high)
    return " to ".join(numbers.level(end, unit) for end in ends)


def _inside(point: PublishedPoint, _: str) -> str | None:
    return ("yes" if point.inside else "no") if point.summary.n > 1 else None


POINTS = (
    Column("split", "split"),
    Column("epoch", "epoch"),
    Column("published", "published", numbers.level),
    Column("mean of re-runs", "summary.mean", numbers.level),
    Column("95 % prediction interval", "summary", _between),
    Column("inside", "", _inside),
)
MCNEMAR = (
    Column("seed", "seed"),
    Column("images", "found.n_images", lambda count, _: f"{count:,}"),
    Column("only treatment right", "found.only_treatment_right"),
    Column("only baseline right", "found.only_baseline_right"),
    Column("difference", "found.accuracy_difference", numbers.difference),
    Column("p", "found.p", _bare(numbers.p_value)),
)


def finding_notes(study: Study, findings: Iterable[Finding]) -> list[str]:
    """Say once what several metrics of a contrast have to be told of, with the arms' titles."""
    told: dict[tuple[str, str], list[str]] = {}
    metrics: dict[str, int] = {}

    def named(label: str) -> str:
        return f"“{arm_title(study, label)}”"

    for finding in findings:
        at = settings_at(study, finding) if finding.point else ""
        metrics[at] = metrics.get(at, 0) + 1
        for note in finding.notes:
            told.setdefault((at, note.told(named)), []).append(finding.metric.title)
    lines = []
    for (at, line), titles in told.items():
        of = [] if len(titles) == metrics[at] else titles
        lines.append(": ".join(filter(None, ["; ".join(filter(None, [at, *of])), line])))
    return lines
