"""The one place that writes to the terminal: lines, tables, and complaints on standard error."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING

from bnbench.errors import visible

if TYPE_CHECKING:
    from rich.table import Table

UNFOLDED = 10_000
"""Columns, where the output is no terminal: a row stays a line for the program that reads it."""


def say(line: object) -> None:
    """Print a line on standard output as it is, without colours, markup or folding."""
    print(visible(line))  # noqa: T201


def tell(line: object) -> None:
    """Print a line on standard error at once."""
    with suppress(OSError):  # a terminal that is gone hears nothing; what is done goes on
        print(visible(line), file=sys.stderr, flush=True)  # noqa: T201


def tell_problems(problems: object) -> None:
    """Print what is wrong, a line a problem, each with the program's name before it."""
    for line in str(problems).split("\n"):
        tell(f"bnbench: {line}")


def on_terminal() -> bool:
    """Say whether a person looks at standard output, as rich decides it."""
    from rich.console import Console

    return Console().is_terminal


def show(table: Table, *, stderr: bool = False) -> None:
    """Print a table: folded to a terminal's width, and of full width into files and pipes."""
    from rich.console import Console

    console = Console(stderr=stderr)
    if not console.is_terminal:
        console.width = UNFOLDED
    console.print(table)


def show_json(table: Table) -> None:
    """Print a table for programs: a list of rows, each a mapping of its headers to its cells."""
    import json

    names = [str(column.header) for column in table.columns]
    columns = [[str(cell) for cell in column.cells] for column in table.columns]
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    say(json.dumps(rows, ensure_ascii=False))


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    whole: Collection[str] = (),
    right: Collection[str] = (),
    ruled: bool = False,
) -> Table:
    """Lay out rows whose cells are text, never markup.

    Parameters
    ----------
    headers : sequence of str
    rows : iterable of sequence of str
    whole, right : collection of str
        Headers of the columns that are never folded, and of those set flush right, which are not
        folded either.
    ruled : bool
        Whether a rule follows the headers.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    laid_out = Table(box=box.SIMPLE_HEAD if ruled else None, pad_edge=False)
    for header in headers:
        laid_out.add_column(
            header,
            overflow="fold",
            no_wrap=header in {*whole, *right},
            justify="right" if header in right else "left",
        )
    for row in rows:
        laid_out.add_row(*(Text(visible(cell)) for cell in row))
    return laid_out


def seed_ranges(seeds: Iterable[int]) -> str:
    """Write seeds in few characters.

    Examples
    --------
    >>> seed_ranges([3, 0, 1, 2, 7])
    '0-3, 7'
    """
    parts: list[Sequence[int]] = []
    for _, group in groupby(enumerate(sorted(seeds)), key=lambda pair: pair[1] - pair[0]):
        run = [seed for _, seed in group]
        parts.append((run[0], run[-1]))
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def counted(count: int, noun: str) -> str:
    """Write a number of things.

    Examples
    --------
    >>> counted(1, "run"), counted(2, "epoch")
    ('1 run', '2 epochs')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def percent(accuracy: float | None) -> str:
    """Write an accuracy in [0, 1] in per cent; nothing where there is none."""
    return "" if accuracy is None else f"{100 * accuracy:.2f} %"
