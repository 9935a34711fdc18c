"""The tables of a study: every number of its findings, as text with its unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from bnbench.config import Ladder, Metric, Study
from bnbench.findings import numbers
from bnbench.findings.numbers import NOTHING
from bnbench.findings.results import Finding, Level, PublishedPoint, StudyFindings, TestAnswers
from bnbench.report.figures.ladder import rungs_of
from bnbench.report.names import arm_title, pair_title, point_of, settings_at
from bnbench.report.table import Column, Table, tabulate
from bnbench.statistics import Contrast, SpeedUp

EFFECTS = (
    "corrected switch", "where", "treatment", "baseline", "lead", "95 % t interval of the lead",
    "exact p", "n",
)  # fmt: skip
WHERE = {
    "switch": "on the ladder",
    "alone": "alone, in the published recipe",
    "last": "last, with all others corrected",
}


def contrast_tables(study: Study, findings: Sequence[Finding]) -> list[Table]:
    """Lay out the findings of one group: levels, times and shares of runs apart.

    Parameters
    ----------
    findings : sequence of Finding
        Of one group; where they are of a sweep, a first column says at which value.
    """
    pair = pair_title(study, findings[0])
    swept = any(map(point_of, findings))
    where = [Column("at", lambda one: settings_at(study, one) if point_of(one) else "")]
    kinds = (
        (f"Levels, {pair}: paired differences", LEVELS, lambda one: one.contrast is not None),
        (f"Times, {pair}: medians over seeds", TIMES, lambda one: one.speed_up is not None),
        (f"Failed runs, {pair}", SHARES, lambda one: one.metric.quantity.kind == "share"),
    )
    return [
        tabulate(caption, [*where * swept, *columns], rows, words=1 + swept)
        for caption, columns, belongs in kinds
        if (rows := [finding for finding in findings if belongs(finding)])
    ]


Cell = Callable[[Finding], str]
Write = Callable[[float, str], str]
"""How a number is written in a unit."""


def _unit(finding: Finding) -> str:
    return finding.metric.quantity.unit


def _contrast(write: Callable[[Contrast, str], str]) -> Cell:
    """A cell of a finding's paired difference, `NOTHING` without one."""
    return lambda one: write(one.contrast, _unit(one)) if one.contrast else NOTHING


def _number(field: str, write: Write) -> Cell:
    """A cell of one number of the paired difference."""
    return _contrast(lambda contrast, unit: write(getattr(contrast, field), unit))


def _speed(write: Callable[[SpeedUp, str], str]) -> Cell:
    """A cell of a finding's ratio of times, `NOTHING` without one."""
    return lambda one: write(one.speed_up, _unit(one)) if one.speed_up else NOTHING


def _size(value: float, unit: str) -> str:
    return numbers.difference(value, unit).lstrip("+")


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


def _published_difference(finding: Finding) -> str:
    if finding.published is None:
        return NOTHING
    written = numbers.difference(finding.published, _unit(finding))
    if finding.prediction is None or _prediction(finding) == NOTHING:
        return written
    inside = finding.prediction.contains(finding.published)
    return f"{written} ({'inside' if inside else 'outside'})"


def _prediction(finding: Finding) -> str:
    return numbers.interval(finding.prediction, _unit(finding)) if finding.prediction else NOTHING


def _published_times(finding: Finding) -> str:
    published = [side.published for side in (finding.treatment, finding.baseline)]
    if not any(one is not None for one in published):
        return NOTHING
    unit = _unit(finding)
    return " against ".join(
        NOTHING if one is None else numbers.level(one, unit) for one in published
    )


def _count(level: Level) -> str:
    return f"{sum(level.values.values()):.0f} of {len(level.values)}"


METRIC = Column("metric", lambda one: one.metric.title)
N = Column("n", lambda one: str((one.contrast or one.speed_up or one).n))
ADJUSTED = Column("adjusted p", _adjusted)
LEVELS = (
    METRIC,
    N,
    Column("treatment mean", _number("treatment_mean", numbers.level)),
    Column("baseline mean", _number("baseline_mean", numbers.level)),
    Column("mean difference", _number("mean_difference", numbers.difference)),
    Column("95 % t interval", _contrast(lambda one, unit: numbers.interval(one.t_interval, unit))),
    Column("95 % bootstrap interval", _contrast(_bootstrap), rare=True),
    Column("exact p", lambda one: numbers.p_value(one.p), rare=True),
    ADJUSTED,
    Column("d_z", _contrast(lambda one, _: numbers.number(one.d_z)), rare=True),
    Column(
        "P(treatment better)",
        _contrast(lambda one, _: numbers.share(one.win_probability, one.win_interval)),
        rare=True,
    ),
    Column(
        "correlation of pairs",
        _contrast(lambda one, _: numbers.number(one.pairing_correlation)),
        rare=True,
    ),
    Column("smallest detectable", _number("smallest_detectable", _size), rare=True),
    Column("n needed", _contrast(lambda one, _: numbers.seeds(one.n_needed)), rare=True),
    Column("equivalent", _equivalence, rare=True),
    Column("published difference", _published_difference),
    Column("95 % prediction interval", _prediction, rare=True),
)
TIMES = (
    METRIC,
    N,
    Column("treatment median", _speed(lambda one, unit: numbers.level(one.treatment_median, unit))),
    Column("baseline median", _speed(lambda one, unit: numbers.level(one.baseline_median, unit))),
    Column(
        "treatment never", _speed(lambda one, _: f"{one.treatment_never} of {one.n}"), rare=True
    ),
    Column("baseline never", _speed(lambda one, _: f"{one.baseline_never} of {one.n}"), rare=True),
    Column("baseline / treatment", _speed(lambda one, _: numbers.number(one.ratio))),
    Column(
        "95 % bootstrap interval",
        _speed(lambda one, _: numbers.ratio_interval(one.interval)),
        rare=True,
    ),
    Column("sign test p", lambda one: numbers.p_value(one.p), rare=True),
    ADJUSTED,
    Column(
        "P(treatment sooner)",
        _speed(lambda one, _: numbers.share(one.win_probability, one.win_interval)),
        rare=True,
    ),
    Column("published", _published_times),
)
SHARES = (
    METRIC,
    Column("treatment", lambda one: _count(one.treatment)),
    Column("baseline", lambda one: _count(one.baseline)),
)


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
