"""The tables of a study: every number of its findings, as text with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bnbench.config import Ladder, Metric, Study
from bnbench.findings import numbers
from bnbench.findings.numbers import NOTHING
from bnbench.findings.results import (
    Finding,
    Level,
    PublishedPoint,
    StudyFindings,
    TestAnswers,
)
from bnbench.report.figures.ladder import rungs_of
from bnbench.report.names import arm_title, pair_title, point_of, settings_at
from bnbench.report.table import Table
from bnbench.statistics import Contrast

LEVELS = (
    "metric", "n", "treatment mean", "baseline mean", "mean difference", "95 % t interval",
    "95 % bootstrap interval", "exact p", "adjusted p", "d_z", "P(treatment better)",
    "correlation of pairs", "smallest detectable", "n needed", "equivalent",
    "published difference", "95 % prediction interval",
)  # fmt: skip
TIMES = (
    "metric", "n", "treatment median", "baseline median", "treatment never", "baseline never",
    "baseline / treatment", "95 % bootstrap interval", "sign test p", "adjusted p",
    "P(treatment sooner)", "published",
)  # fmt: skip
SHARES = ("metric", "treatment", "baseline")
EFFECTS = (
    "corrected switch", "where", "treatment", "baseline", "lead", "95 % t interval of the lead",
    "exact p", "n",
)  # fmt: skip
RARE = (
    "95 % bootstrap interval", "exact p", "sign test p", "d_z", "P(treatment better)",
    "P(treatment sooner)", "correlation of pairs", "smallest detectable", "n needed", "equivalent",
    "95 % prediction interval", "treatment never", "baseline never",
)  # fmt: skip
"""Columns that are folded: checks, and what planning a study needs."""
WHERE = {
    "switch": "on the ladder",
    "alone": "alone, in the published recipe",
    "last": "last, with all others corrected",
}


def contrast_tables(study: Study, findings: Sequence[Finding]) -> list[Table]:
    """Lay out the findings of one group: levels, times and shares of runs apart.

    Parameters
    ----------
    study : Study
    findings : sequence of Finding
        Of one group; where they are of a sweep, a first column says at which value.
    """
    pair = pair_title(study, findings[0])
    named = [(one, settings_at(study, one) if point_of(one) else "") for one in findings]
    levels = [_level_row(one, one.contrast, at) for one, at in named if one.contrast is not None]
    times = [_time_row(one, at) for one, at in named if one.speed_up is not None]
    shares = [_share_row(one, at) for one, at in named if one.metric.quantity.kind == "share"]
    kinds = (
        (f"Levels, {pair}: paired differences", LEVELS, levels),
        (f"Times, {pair}: medians over seeds", TIMES, times),
        (f"Failed runs, {pair}", SHARES, shares),
    )
    swept = any(map(point_of, findings))
    return [
        Table(
            caption,
            ("at", *header) if swept else header,
            tuple(row if swept else row[1:] for row in rows),
            words=2 if swept else 1,
            rare=RARE,
        )
        for caption, header, rows in kinds
        if rows
    ]


def published_table(study: Study, points: Iterable[PublishedPoint]) -> Table:
    """Lay out the published points against their prediction intervals."""
    header = ("arm", "split", "epoch", "published", "mean of re-runs", "95 % prediction interval",
              "inside")  # fmt: skip
    rows = []
    for point in points:
        ends, known = point.summary.prediction, point.summary.n > 1
        between = f"{numbers.level(ends.low, 'pp')} to {numbers.level(ends.high, 'pp')}"
        rows.append(
            (
                arm_title(study, point.label),
                point.split,
                str(point.epoch),
                numbers.level(point.published, "pp"),
                numbers.level(point.summary.mean, "pp"),
                between if known else NOTHING,
                ("yes" if point.inside else "no") if known else NOTHING,
            )
        )
    return Table("Published accuracies and the re-runs", header, tuple(rows), words=2)


def rung_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> Table:
    """Lay out the ladder in one metric, the published recipe first."""
    unit = metric.quantity.unit
    arms = [ladder.paths[side].title for side in (ladder.treatment, ladder.baseline)]
    header = ("recipe", "defect put right", *arms, "lead", "95 % t interval", "exact p", "n")
    defects = [NOTHING, *ladder.switches.values()]
    rows = tuple(
        (name, defect, _mean(lead.treatment, unit), _mean(lead.baseline, unit),
         *_difference(lead.contrast, unit))
        for defect, (name, lead) in zip(defects, rungs_of(found, ladder, metric), strict=True)
    )  # fmt: skip
    return Table(f"The ladder: {metric.title}", header, rows, words=2)


def effect_table(found: StudyFindings, ladder: Ladder, metric: Metric) -> Table:
    """Lay out what each switch does in one metric."""
    unit = metric.quantity.unit

    def contrast(name: str) -> Contrast | None:
        finding = found.finding(name, metric.text)
        return finding.contrast if finding else None  # a switch has no effect in some arms

    rows = tuple(
        (
            switch,
            WHERE[where],
            _estimate(contrast(f"{ladder.treatment}:{where}@{switch}"), unit),
            _estimate(contrast(f"{ladder.baseline}:{where}@{switch}"), unit),
            *_difference(contrast(f"{where}@{switch}"), unit),
        )
        for switch in ladder.switches
        for where in ladder.steps(switch)
    )
    return Table(f"Effect of each switch: {metric.title}", EFFECTS, rows, words=2)


def answers_table(answers: TestAnswers) -> Table:
    """Lay out McNemar's test seed by seed."""
    header = ("seed", "images", "only treatment right", "only baseline right", "difference", "p")
    rows = tuple(
        (
            str(seed),
            f"{one.n_images:,}",
            str(one.only_treatment_right),
            str(one.only_baseline_right),
            numbers.difference(one.accuracy_difference, "pp"),
            numbers.p_value(one.p),
        )
        for seed, one in sorted(answers.per_seed.items())
    )
    return Table("Two single networks on the same images, by McNemar's test", header, rows)


def finding_notes(study: Study, findings: Iterable[Finding]) -> list[str]:
    """Say once what several metrics of a contrast have to be told of, with the arms' titles."""
    told: dict[tuple[str, str], list[str]] = {}
    metrics: dict[str, int] = {}
    for finding in findings:
        at = settings_at(study, finding) if point_of(finding) else ""
        metrics[at] = metrics.get(at, 0) + 1
        for note in finding.notes:
            text = _titled(study, finding, note)
            told.setdefault((at, text), []).append(finding.metric.title)
    lines = []
    for (at, note), titles in told.items():
        of = [] if len(titles) == metrics[at] else titles
        lines.append(": ".join(filter(None, ["; ".join(filter(None, [at, *of])), note])))
    return lines


def _titled(study: Study, finding: Finding, note: str) -> str:
    """Put the titles of the two arms in place of their labels, the longer label first."""
    labels = {finding.treatment.label, finding.baseline.label}
    known = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    return re.sub(
        rf"(?<!\w)({known})(?![\w@])", lambda found: f"“{arm_title(study, found[1])}”", note
    )


def _level_row(finding: Finding, contrast: Contrast, where: str) -> tuple[str, ...]:
    unit = finding.metric.quantity.unit
    return (
        where,
        finding.metric.title,
        str(contrast.n),
        numbers.level(contrast.treatment_mean, unit),
        numbers.level(contrast.baseline_mean, unit),
        numbers.difference(contrast.mean_difference, unit),
        numbers.interval(contrast.t_interval, unit),
        _bootstrap(contrast, unit),
        numbers.p_value(finding.p),
        _adjusted(finding),
        numbers.number(contrast.d_z),
        numbers.share(contrast.win_probability, contrast.win_interval),
        numbers.number(contrast.pairing_correlation),
        numbers.difference(contrast.smallest_detectable, unit).lstrip("+"),
        numbers.seeds(contrast.n_needed),
        _equivalence(finding),
        *_published_difference(finding, unit),
    )


def _bootstrap(contrast: Contrast, unit: str) -> str:
    """Write the bootstrap interval with its kind, which depends on n."""
    ends = contrast.bootstrap_interval
    written = numbers.interval(ends, unit)
    return written if written == NOTHING else f"{written} {ends.method.split()[0]}"


def _adjusted(finding: Finding) -> str:
    p = numbers.p_value(finding.p_adjusted)
    return f"{p} ({finding.adjusted_by})" if finding.adjusted_by and p != NOTHING else NOTHING


def _equivalence(finding: Finding) -> str:
    test, unit = finding.equivalence, finding.metric.quantity.unit
    if test is None or numbers.p_value(test.p) == NOTHING:
        return NOTHING
    within = numbers.difference(test.margin, unit).lstrip("+")
    shown = "shown" if test.equivalent else "not shown"
    return f"within {within}: {shown}, p {numbers.p_value(test.p)}"


def _published_difference(finding: Finding, unit: str) -> tuple[str, str]:
    ends = numbers.interval(finding.prediction, unit) if finding.prediction else NOTHING
    if finding.published is None:
        return NOTHING, ends
    written = numbers.difference(finding.published, unit)
    if finding.prediction is None or ends == NOTHING:
        return written, ends
    inside = finding.prediction.contains(finding.published)
    return f"{written} ({'inside' if inside else 'outside'})", ends


def _time_row(finding: Finding, where: str) -> tuple[str, ...]:
    speed, unit = finding.speed_up, finding.metric.quantity.unit
    assert speed is not None
    published = [side.published for side in (finding.treatment, finding.baseline)]
    return (
        where,
        finding.metric.title,
        str(speed.n),
        numbers.level(speed.treatment_median, unit),
        numbers.level(speed.baseline_median, unit),
        f"{speed.treatment_never} of {speed.n}",
        f"{speed.baseline_never} of {speed.n}",
        numbers.number(speed.ratio),
        numbers.ratio_interval(speed.interval),
        numbers.p_value(finding.p),
        _adjusted(finding),
        numbers.share(speed.win_probability, speed.win_interval),
        " against ".join(NOTHING if one is None else numbers.level(one, unit) for one in published)
        if any(one is not None for one in published)
        else NOTHING,
    )


def _share_row(finding: Finding, where: str) -> tuple[str, ...]:
    sides = (finding.treatment, finding.baseline)
    counts = [f"{sum(side.values.values()):.0f} of {len(side.values)}" for side in sides]
    return (where, finding.metric.title, *counts)


def _mean(level: Level, unit: str) -> str:
    if level.summary is None:
        return NOTHING
    spread = "" if level.summary.n < 2 else f" (sd {numbers.level(level.summary.sd, unit)})"
    return numbers.level(level.summary.mean, unit) + spread


def _estimate(contrast: Contrast | None, unit: str) -> str:
    if contrast is None:
        return NOTHING
    return numbers.estimate(contrast.mean_difference, contrast.t_interval, unit)


def _difference(contrast: Contrast | None, unit: str) -> Iterator[str]:
    if contrast is None:
        yield from (NOTHING,) * 4
        return
    yield numbers.difference(contrast.mean_difference, unit)
    yield numbers.interval(contrast.t_interval, unit)
    yield numbers.p_value(contrast.sign_flip_p)
    yield str(contrast.n)
