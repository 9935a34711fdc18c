"""The one place that writes to the terminal: lines, tables, and complaints on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from threading import Timer
from typing import TYPE_CHECKING, TextIO

from bnbench.errors import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from bnbench.report.table import Table as CaptionedTable

UNFOLDED = 10_000
"""Columns, where the output is no terminal: a row stays a line for the program that reads it."""

INDENT = 4
"""Columns of what stands below the first line of a block."""

SLOW = 0.8
"""Seconds that a command may be silent before it says what it is doing."""

COLOURS = {
    "SUPPORTED": "green", "yes": "green", "inside": "green", "kept": "green",
    "REFUTED": "red", "no": "red", "OUTSIDE": "red", "failed": "red",
    "INCONCLUSIVE": "yellow", "not decided": "yellow", "MIXED": "magenta",
}  # fmt: skip
"""Of cells that are a verdict. rich leaves them out where NO_COLOR or TERM=dumb asks for it."""


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


def redraws(stream: TextIO) -> bool:
    """Say whether a stream's terminal can draw over what it shows, as TERM=dumb cannot."""
    return stream.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Tell a person what is being done, if it takes longer than a moment."""
    if not sys.stderr.isatty():
        yield
        return
    timer = Timer(SLOW, tell, [f"{what} ..."])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def fits(table: Table) -> bool:
    """Say whether the terminal is wide enough for every row of a table to be one line."""
    from rich.console import Console

    console = Console()
    unfolded = console.options.update(width=UNFOLDED)
    return (
        not console.is_terminal or console.measure(table, options=unfolded).maximum <= console.width
    )


def show(table: Table, *, as_json: bool = False) -> None:
    """Print a table: folded to a terminal's width, of full width into files, or for programs.

    These get a list of rows, each a mapping of the headers to its cells.
    """
    from rich.console import Console

    if as_json:
        names = [str(column.header) for column in table.columns]
        columns = [[str(cell) for cell in column.cells] for column in table.columns]
        say_json([dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)])
        return
    console = Console()
    if not console.is_terminal:
        console.width = UNFOLDED
    _print(table, console)


def show_block(title: str, lines: Iterable[str]) -> None:
    """Print a bold line and others indented below it, folded between words to the terminal."""
    from rich.console import Console, Group
    from rich.padding import Padding
    from rich.text import Text

    below = (Padding(Text(visible(line)), (0, 0, 0, INDENT)) for line in lines)
    _print(Group(Text(visible(title), "bold"), *below, ""), Console())


def say_folded(line: str) -> None:
    """Print a line: folded between words to a terminal's width, elsewhere as it is."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if console.is_terminal:
        console.print(Text(visible(line)))
    else:
        say(line)


def _print(renderable: RenderableType, console: Console) -> None:
    """Print as wide as a console is; into a file without the spaces that fill its lines."""
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as printed:
        console.print(renderable)
    for line in printed.get().rstrip("\n").split("\n"):
        say(line.rstrip())


def say_json(content: object) -> None:
    """Print plain data for programs, in one line."""
    import json

    say(json.dumps(content, ensure_ascii=False, allow_nan=False))


def table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    whole: Collection[str] = (),
    right: Collection[str] = (),
) -> Table:
    """Lay out rows whose cells are text, never markup.

    Parameters
    ----------
    whole, right : collection of str
        Headers of the columns that are never folded, and of those set flush right, which are not
        folded either.
    """
    from rich.table import Table

    from bnbench.cli.cells import Cell

    laid_out = Table(box=None, pad_edge=False)
    for header in headers:
        laid_out.add_column(
            header,
            overflow="fold",
            no_wrap=header in {*whole, *right},
            justify="right" if header in right else "left",
        )
    for row in rows:
        laid_out.add_row(*(Cell(visible(cell), COLOURS.get(cell, "")) for cell in row))
    return laid_out


def show_captioned(table: CaptionedTable) -> None:
    """Print a table as wide as it has to be; what has no room beside it, in tables below.

    Each of them begins with the columns of words. A file has 80 columns, unless COLUMNS says more.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    unfolded = console.options.update(width=UNFOLDED)
    if console.measure(whole := captioned(table), options=unfolded).maximum <= console.width:
        _print(whole, console)
        return
    words, left = list(range(table.words)), list(range(table.words, len(table.header)))
    while left:
        count = len(left)
        while count > 1 and not _has_room(table.columns(words + left[:count]), console):
            count -= 1
        part, left = table.columns(words + left[:count]).filled, left[count:]
        _print(captioned(replace(part, caption=""), narrow=True), console)
    # As wide as the terminal, which the last part may not be.
    _print(Text(table.caption, "dim italic"), console)


def _has_room(table: CaptionedTable, console: Console) -> bool:
    unfolded = console.options.update(width=UNFOLDED)
    return console.measure(captioned(table, narrow=True), options=unfolded).minimum <= console.width


def captioned(table: CaptionedTable, *, narrow: bool = False) -> Table:
    """Lay out a table with a caption below it and a line below its header, numbers flush right.

    Where it is too `narrow`, headers and words are folded, but no number is.
    """
    from rich import box
    from rich.table import Table

    from bnbench.cli.cells import Cell, longest_piece

    laid_out = Table(
        box=box.SIMPLE_HEAD, pad_edge=not narrow, caption=table.caption, caption_justify="left"
    )
    for place, name in enumerate(table.header):
        words = place < table.words
        numbers = [len(row[place]) for row in table.rows]
        laid_out.add_column(
            Cell(name), justify="left" if words else "right", overflow="fold",
            no_wrap=words and not narrow,
            width=None if words or not narrow else max(longest_piece(name), *numbers),
        )  # fmt: skip
    for cells in table.rows:
        laid_out.add_row(*map(Cell, cells))
    return laid_out


def if_known(number: int | None) -> str:
    """Write a number; nothing where there is none."""
    return "" if number is None else str(number)


def percent(accuracy: float | None, decimals: int = 2) -> str:
    """Write an accuracy in [0, 1] in per cent; nothing where there is none."""
    return "" if accuracy is None else f"{100 * accuracy:.{decimals}f} %"
