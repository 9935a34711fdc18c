"""``bnbench rm``: runs removed for good, after asking."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.terminal import say


def rm(
    paths: Annotated[list[Path], typer.Argument(help="Folders of runs or of experiments.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove runs for good, after asking; never those that a report keeps beside it.

    Example: bnbench rm results/lenet5/seed-3
    """
    from bnbench.runs.removal import check_removal, find_removable, remove, size

    runs = find_removable(paths)
    check_removal(runs)
    for run in runs:
        say(
            f"{run.path}: {run.read_manifest().status if run.manifest.exists() else 'half removed'}"
        )
    total = sum(map(size, runs)) / 1e6
    if not yes:
        typer.confirm(f"Remove {len(runs)} runs, {total:.1f} MB, for good?", abort=True)
    for run in runs:
        remove(run)
    say(f"{len(runs)} runs removed, {total:.1f} MB")
