"""``bnbench diff``: what differs between two runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folders
from bnbench.cli.options import Json, Results
from bnbench.cli.terminal import say, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from bnbench.verification import Difference


def diff(
    first: Annotated[Path, typer.Argument(help="A run.", autocompletion=complete_run)],
    second: Annotated[Path, typer.Argument(help="Another run.", autocompletion=complete_run)],
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Say what differs between two runs; exit code 1 if their numbers do.

    Example: bnbench diff lenet5/seed-0 lenet5_batchnorm/seed-0
    """
    raise typer.Exit(print_difference(*run_folders((first, second), results), as_json=as_json))


def print_difference(first: Path, second: Path, *, as_json: bool = False) -> int:
    """Print what differs between two runs; the exit code, as of ``diff``."""
    from bnbench.runs import find_run
    from bnbench.verification import differing_facts, differing_numbers

    runs = find_run(first), find_run(second)
    facts, numbers = differing_facts(*runs), differing_numbers(*runs)
    if as_json:
        show(difference_table([*facts, *numbers], "A", "B"), as_json=True)
        return 1 if numbers else 0
    say(f"A  {runs[0].path}\nB  {runs[1].path}\n")
    if facts or numbers:
        show(difference_table([*facts, *numbers], "A", "B"))
    if not numbers:
        say("same numbers")
    return 1 if numbers else 0


def difference_table(differences: Sequence[Difference], first: str, second: str) -> Table:
    """Lay out what differs, under the names of the two."""
    rows = [(one.what, one.first, one.second) for one in differences]
    return table(("difference in", first, second), rows)
