"""What decisions take, for people at a terminal: a block of lines for each row of ``--cost``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bnbench.cli.terminal import show_block

NUMBERS = 4
"""The last columns of a row: so far, seeds so far, seeds in all, hours."""


def show_costs(rows: Iterable[Sequence[str]], on: str = "") -> None:
    """Show what is undecided, what was found so far, and what a decision takes.

    Parameters
    ----------
    rows : iterable of sequence of str
        What each row is about, in some cells, and then its `NUMBERS`.
    on : str, default ""
        What the hours are counted on, such as ``two cores``.
    """
    for row in rows:
        found, seeds, in_all, hours = row[-NUMBERS:]
        about = "  ".join(filter(None, row[:-NUMBERS]))
        show_block(about, [found, _takes(seeds, in_all, hours, on)])


def _takes(seeds: str, in_all: str, hours: str, on: str) -> str:
    so_far = f"{seeds} seed{'s' * (seeds != '1')} so far"
    if not hours:  # no number of seeds is known, but why there is none
        return f"{so_far}; seeds in all: {in_all}"
    return f"{so_far}, {in_all} in all, {hours} hours" + f" on {on}" * bool(on)
