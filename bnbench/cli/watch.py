"""``bnbench watch``: what runs at this moment, seen from another terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, run_folder
from bnbench.cli.options import Json
from bnbench.cli.terminal import percent, redraws, say, say_json, show, table

if TYPE_CHECKING:
    from rich.table import Table

    from bnbench.runs.running import RunningRun

EVERY = 2.0
"""Seconds between two looks, at least."""
SHARE = 10
"""Looking takes one part in so many of the time, and of one core: the runs need the others."""


def watch(
    results: Annotated[Path, typer.Argument(help="A folder of runs.")] = RESULTS,
    as_json: Json = False,
) -> None:
    """Show what runs at this moment: epochs, losses, and the time left. Ctrl-C ends it.

    It only reads the runs' files. If the output is not a terminal, it looks once. A run that has
    written nothing for a minute may have been killed.

    Example: bnbench watch
    """
    from bnbench.runs.running import running_runs

    if results != RESULTS:
        results = run_folder(results, RESULTS)
    if as_json:
        say_json({"runs": [asdict(run) for run in running_runs(results)]})
    elif redraws(sys.stdout):
        with suppress(KeyboardInterrupt):
            _follow(results)
    elif runs := running_runs(results):
        show(_table(runs))
    else:
        say(_nothing(results))


def _follow(results: Path) -> None:
    from rich.live import Live

    from bnbench.runs.running import running_runs

    with Live(auto_refresh=False) as live:
        while True:
            began = time.monotonic()
            runs = running_runs(results)
            live.update(_table(runs) if runs else _nothing(results), refresh=True)
            time.sleep(max(EVERY, SHARE * (time.monotonic() - began)))


def _nothing(results: Path) -> str:
    return f"Nothing runs in {results}; `bnbench list {results}` says what is there."


def _table(runs: Sequence[RunningRun]) -> Table:
    headers = ("run", "epoch", "loss", "accuracy", "validation", "time left")
    rows = [
        (
            run.path,
            f"{run.epoch} of {run.epochs}",
            "" if run.loss is None else f"{run.loss:.4f}",
            percent(run.accuracy),
            percent(run.validation_accuracy),
            _left(run),
        )
        for run in runs
    ]
    return table(headers, rows, right=headers[2:])


def _left(run: RunningRun) -> str:
    if run.seconds_left is not None:
        return _duration(run.seconds_left)
    return "" if run.loss is None else f"silent for {_duration(run.silent)}"


def _duration(seconds: float) -> str:
    """Write a time in its two largest units.

    Examples
    --------
    >>> _duration(7.4), _duration(754), _duration(7300)
    ('7 s', '12 min 34 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
