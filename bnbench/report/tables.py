"""The table of a comparison, for the terminal and for Markdown: the same cells in both.

A column an experiment or contrast, a row a quantity: experiments are few and their names long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from rich import box
from rich.markup import escape
from rich.table import Table

from bnbench.report.compare import Comparison
from bnbench.report.summary import ContrastRow, ExperimentRow, Level, Time

CAPTION = (
    "Validation, test: accuracy, mean ± standard deviation over the runs. Epochs to a validation"
    " accuracy: median, and how many of the runs got there. Differences: treatment minus baseline"
    " in percentage points, paired by seed, with the 95 % t interval of their mean."
)
PUBLISHED = "published (one run)"
NOTHING = "–"


def render_table(comparison: Comparison) -> Table:
    """Lay the comparison out for a terminal."""
    header, *rows = _rows(comparison)
    table = Table(box=box.SIMPLE_HEAD, caption=CAPTION, caption_justify="left")
    for name in header:
        first = not table.columns
        table.add_column(
            escape(name), justify="left" if first else "right", overflow="fold", no_wrap=first
        )
    for cells in rows:
        table.add_row(*map(escape, cells))
    return table


def markdown_table(comparison: Comparison) -> str:
    """Lay the comparison out as a GitHub table, with its caption below and a final line end."""
    header, *rows = _rows(comparison)
    rule = ["---", *["---:"] * (len(header) - 1)]
    lines = [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]
    return "\n".join([*lines, "", CAPTION, ""])


def _rows(comparison: Comparison) -> Iterator[list[str]]:
    """Yield the header and the rows, without those in which every cell would be empty."""
    experiments, contrasts = comparison.experiments, comparison.contrasts
    empty = [NOTHING] * len(contrasts)
    yield [
        "",
        *[row.experiment for row in experiments],
        *[_contrast_name(row, len(contrasts)) for row in contrasts],
    ]
    yield ["runs", *map(_runs, experiments), *[f"{row.n} paired" for row in contrasts]]
    epochs = [row.epochs for row in experiments] + [row.epochs for row in contrasts]
    yield ["epochs", *map(str, epochs)]
    yield from _levels(comparison, "validation, epoch 1 (%)", lambda row: row.first)
    yield from _levels(comparison, "validation, last epoch (%)", lambda row: row.last)
    yield from _levels(comparison, "test, last epoch (%)", lambda row: row.test)
    for times in zip(*[row.times for row in experiments], strict=True):
        yield [f"epochs to {100 * times[0].threshold:g} %", *map(_time, times), *empty]
        yield from _published([_epochs(time.published) for time in times] + empty)
    seconds = [_number(row.seconds_per_epoch, ".1f") for row in experiments]
    yield ["seconds per epoch", *seconds, *empty]


def _levels(
    comparison: Comparison,
    name: str,
    level: Callable[[ExperimentRow | ContrastRow], Level | None],
) -> Iterator[list[str]]:
    """Yield the row of a level or difference, and below it what was published."""
    accuracies = [level(row) for row in comparison.experiments]
    differences = [level(row) for row in comparison.contrasts]
    if any(accuracies):
        yield [
            name,
            *[_accuracy(level(row), row.n) for row in comparison.experiments],
            *[_difference(level(row), row.n) for row in comparison.contrasts],
        ]
    yield from _published(
        [_number(one.published if one else None, ".1%") for one in accuracies]
        + [_number(one.published if one else None, "+.1f") for one in differences]
    )


def _published(cells: list[str]) -> list[list[str]]:
    return [] if all(cell == NOTHING for cell in cells) else [[PUBLISHED, *cells]]


def _contrast_name(row: ContrastRow, contrasts: int) -> str:
    return f"{row.treatment} − {row.baseline} (pp)" if contrasts > 1 else "difference (pp)"


def _runs(row: ExperimentRow) -> str:
    return f"{row.n} ({len(row.diverged_seeds)} diverged)" if row.diverged_seeds else str(row.n)


def _accuracy(level: Level | None, runs: int) -> str:
    if level is None:
        return NOTHING
    spread = "" if math.isnan(level.sd) else f" ± {100 * level.sd:.2f}"
    return f"{100 * level.mean:.2f}{spread}{_of(level, runs)}"


def _difference(level: Level | None, pairs: int) -> str:
    if level is None:
        return NOTHING
    interval = "" if math.isnan(level.lower) else f" [{level.lower:+.2f}, {level.upper:+.2f}]"
    return f"{level.mean:+.2f}{interval}{_of(level, pairs)}".replace("-", "−")


def _of(level: Level, runs: int) -> str:
    """Say of how many runs a level is, where it is not of all."""
    return "" if level.n == runs else f" (n = {level.n})"


def _time(time: Time) -> str:
    return f"{_epochs(time.median)} ({time.reached} of {time.n})"


def _epochs(epochs: float | None) -> str:
    if epochs is None:
        return NOTHING
    return "never" if math.isinf(epochs) else f"{epochs:g}"


def _number(value: float | None, form: str) -> str:
    """Format a number, a per cent without its sign."""
    if value is None or math.isnan(value):
        return NOTHING
    return format(value, form).rstrip("%").replace("-", "−")
