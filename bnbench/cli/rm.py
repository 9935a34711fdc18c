"""``bnbench rm``: runs removed for good, after asking."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folders
from bnbench.cli.options import Results
from bnbench.cli.terminal import say
from bnbench.words import counted


def rm(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Runs or experiments, such as lenet5.", autocompletion=complete_run),
    ],
    results: Results = RESULTS,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove runs for good, after asking; never those that are kept beside a report.

    Example: bnbench rm lenet5/seed-3
    """
    from bnbench.runs.removal import check_removal, find_removable, remove, size

    found = find_removable(run_folders(runs, results))
    check_removal(found)
    for run in found:
        say(
            f"{run.path}: {run.read_manifest().status if run.manifest.exists() else 'half removed'}"
        )
    total = sum(map(size, found)) / 1e6
    if not yes:
        typer.confirm(f"Remove {counted(len(found), 'run')}, {total:.1f} MB, for good?", abort=True)
    for run in found:
        remove(run)
    say(f"{counted(len(found), 'run')} removed, {total:.1f} MB")
