"""``bnbench merge``: the results of another machine into this one's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.names import RESULTS, run_folders
from bnbench.cli.options import Results
from bnbench.cli.terminal import say
from bnbench.words import counted


def merge(
    other: Annotated[Path, typer.Argument(help="The results folder of another machine.")],
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Only these runs or experiments, such as lenet5."),
    ] = None,
    results: Results = RESULTS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be copied.")
    ] = False,
) -> None:
    """Copy the finished runs of another results folder into this one.

    The hash of every file and the seal of every manifest are checked. If one does not hold, or if
    a run contradicts one that is here, nothing is taken. A run that is here already is left alone.

    Example: bnbench merge /mnt/other/results
    """
    from bnbench.runs.merging import merge as copy
    from bnbench.runs.merging import plan_merge

    plan = plan_merge(other, results, run_folders(runs or (), other), hashed=dry_run)
    if not dry_run:
        copy(plan)  # before a word of it: what does not hold is found as it is copied
    for taken in plan.taken:
        say(taken.target.path)
    word = "would be taken" if dry_run else "taken"
    say(
        f"{counted(len(plan.taken), 'run')} {word}, {len(plan.there):,} here already,"
        f" {len(plan.unfinished):,} unfinished and left there"
    )
