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

    from bnbench.verification.difference import Unequal


def diff(
    first: Annotated[Path, typer.Argument(help="A run.", autocompletion=complete_run)],
    second: Annotated[Path, typer.Argument(help="Another run.", autocompletion=complete_run)],
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Say what differs between two runs; exit code 1 if their numbers do.

    Example: bnbench diff lenet5/seed-0 lenet5_batchnorm/seed-0
    """
    from bnbench.runs import find_run
    from bnbench.verification.difference import batches_are_kept, differing_facts, differing_numbers

    a, b = map(find_run, run_folders((first, second), results))
    facts, numbers = differing_facts(a, b), differing_numbers(a, b)
    laid_out = unequal_table([*facts, *numbers], "A", "B")
    if not as_json:
        say(f"A  {a.place()}\nB  {b.place()}\n")
    if facts or numbers or as_json:
        show(laid_out, as_json=as_json)
    if not (numbers or as_json):
        say("same numbers")
    if not (batches_are_kept(a, b) or as_json):
        say("batches were not compared: batches.csv is not in both runs")
    raise typer.Exit(bool(numbers))


def unequal_table(differences: Sequence[Unequal], first: str, second: str) -> Table:
    """Lay out what differs, under the names of the two."""
    rows = [(difference.what, difference.first, difference.second) for difference in differences]
    return table(("difference in", first, second), rows)
