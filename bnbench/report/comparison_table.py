"""The table of a comparison, and how it is written in Markdown.

A column an experiment or contrast, a row a quantity: experiments are few and their names long.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bnbench.config import Metric
from bnbench.findings.comparison import count_failed, metrics_of, seconds_per_epoch
from bnbench.findings.levels import level_of
from bnbench.findings.numbers import NOTHING, estimate, minus
from bnbench.findings.results import Finding, Level
from bnbench.findings.study_runs import ArmRuns
from bnbench.report import markdown
from bnbench.report.comparison import Comparison
from bnbench.report.table import Table

CAPTION = (
    "Validation, test: accuracy, mean ± standard deviation over the runs. Epochs to a validation"
    " accuracy, interpolated between evaluations: median (≤: no later than the first evaluation),"
    " and how many of the runs got there and were there at the next evaluation, too. Differences:"
    " treatment minus baseline in percentage points, paired by seed, with the 95 % t interval of"
    " their mean."
    " Seconds per epoch: median over the runs; they depend on the machine, and on what else ran."
)
PUBLISHED = "published (one run)"


def comparison_table(comparison: Comparison) -> Table:
    """Lay a comparison out; every renderer of it shows these cells."""
    header, *rows = map(tuple, _rows(comparison))
    return Table(CAPTION, header, tuple(rows))


def difference_header(treatment: str, baseline: str) -> str:
    """Head a column of differences, where there are several."""
    return f"{treatment} − {baseline} (pp)"


def for_github(table: Table) -> str:
    """Write a table in GitHub's Markdown, with its caption below and a final line end."""
    return f"{markdown.table(table.header, table.rows, table.words)}\n\n{table.caption}\n"


def _rows(comparison: Comparison) -> Iterator[list[str]]:
    """Yield the header and the rows, without those in which every cell would be empty."""
    arms = comparison.arms
    treatments = arms[1:]
    yield [
        "",
        *[arm.label for arm in arms],
        *(
            [difference_header(arm.label, arms[0].label) for arm in treatments]
            if len(treatments) > 1
            else ["difference (pp)"] * len(treatments)
        ),
    ]
    yield ["runs", *map(_runs, arms), *[_pairs(arm, arms[0]) for arm in treatments]]
    yield ["epochs", *map(_epochs, arms), *[_both_epochs(arm, arms[0]) for arm in treatments]]
    for metric in metrics_of(arms[0]):
        yield from _metric_rows(
            metric,
            [level_of(arm, metric) for arm in arms],
            [finding for finding in comparison.findings if finding.metric == metric],
        )
    seconds = [_number(seconds_per_epoch(arm), ".1f") for arm in arms]
    yield ["seconds per epoch", *seconds, *[NOTHING] * len(treatments)]


def _metric_rows(
    metric: Metric, levels: Sequence[Level], findings: Sequence[Finding]
) -> Iterator[list[str]]:
    """Yield the row of a metric, and below it what was published."""
    yield [_name(metric), *map(_level, levels), *map(_difference, findings)]
    published = [_published(level) for level in levels]
    published += [_published_difference(finding) for finding in findings]
    if any(cell != NOTHING for cell in published):
        yield [PUBLISHED, *published]


def _name(metric: Metric) -> str:
    if metric.quantity.kind == "time":
        return f"epochs to {100 * metric.threshold:g} %"
    split = metric.quantity.name.removesuffix("_accuracy")
    return f"{split}, {'epoch 1' if metric.epoch == 1 else 'last epoch'} (%)"


def _runs(arm: ArmRuns) -> str:
    failed = count_failed(arm)
    return f"{len(arm.runs)} ({failed} failed)" if failed else str(len(arm.runs))


def _pairs(treatment: ArmRuns, baseline: ArmRuns) -> str:
    return f"{len(treatment.runs.keys() & baseline.runs.keys())} paired"


def _epochs(arm: ArmRuns) -> str:
    return str(arm.experiment.training.epochs)


def _both_epochs(treatment: ArmRuns, baseline: ArmRuns) -> str:
    return " and ".join(dict.fromkeys((_epochs(treatment), _epochs(baseline))))


def _level(level: Level) -> str:
    if level.summary is None:
        bound = "≤ " if level.at_first_look else ""
        return f"{bound}{_time(level.median)} ({level.reached} of {len(level.values)})"
    sd = level.summary.sd
    return f"{100 * level.summary.mean:.2f}" + ("" if math.isnan(sd) else f" ± {100 * sd:.2f}")


def _difference(finding: Finding) -> str:
    if finding.contrast is None:
        return NOTHING
    contrast = finding.contrast
    written = estimate(contrast.mean_difference, contrast.t_interval, "pp")
    return written.replace(" pp", "", 1)  # the column's name has it


def _published(level: Level) -> str:
    if level.metric.quantity.kind == "time":
        return NOTHING if level.published is None else _time(level.published)
    return _number(level.published, ".1%")


def _published_difference(finding: Finding) -> str:
    if finding.contrast is None or finding.published is None:
        return NOTHING
    return _number(100 * finding.published, "+.1f")


def _time(epochs: float) -> str:
    return "never" if math.isinf(epochs) else f"{epochs:.2f}"


def _number(value: float | None, form: str) -> str:
    """Format a number, a per cent without its sign."""
    if value is None or math.isnan(value):
        return NOTHING
    return minus(format(value, form).rstrip("%"))
