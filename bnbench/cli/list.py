"""``bnbench list``: what is in a results folder, a line an experiment or a line a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS, complete_run, run_folder
from bnbench.cli.options import Json, Results
from bnbench.cli.terminal import fits, if_known, percent, say, say_json, show, table
from bnbench.words import seed_ranges

if TYPE_CHECKING:
    from rich.table import Table

    from bnbench.runs.overview import ListedExperiment, ListedRun, Overview

WIDTH_OF_A_NAME = 28
"""Columns for names on a narrow terminal; beside them the other cells just fit into 80."""


def list_runs(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="A folder of runs, or an experiment; by default all results.",
            autocompletion=complete_run,
        ),
    ] = None,
    results: Results = RESULTS,
    by_run: Annotated[bool, typer.Option("--runs", help="One line for each run.")] = False,
    as_json: Json = False,
) -> None:
    """List what is in a results folder, with one line for each experiment.

    It reads the runs' manifests only. The validation accuracy is the mean over the complete runs,
    after the last epoch. A `running` run is in progress, or was killed. A run has failed to learn
    if its loss was NaN, infinite or above a million nats, or if its last accuracy is near chance:
    no more than a tenth of the way from there to 100 %. A manifest that cannot be read gets a line
    of its own; if none can be read, the exit code is 2. Runs that are kept beside a report, such as
    those of results/reference, are listed if you name their folder.

    Example: bnbench list results --runs
    """
    from bnbench.runs.overview import look_over

    listed = folder or results
    overview = look_over(listed if listed.is_dir() else run_folder(listed, results))
    if as_json:
        say_json(_content(overview, by_run=by_run))
        return
    laid_out = _run_table(overview.runs) if by_run else _table(overview.experiments)
    show(laid_out if by_run or fits(laid_out) else _by_study(overview.experiments))
    for problem in overview.problems:
        say(problem)


def _content(overview: Overview, *, by_run: bool) -> dict[str, object]:
    rows = overview.runs if by_run else overview.experiments
    name = "runs" if by_run else "experiments"
    return {name: [asdict(row) for row in rows], "problems": overview.problems}


def _table(experiments: Sequence[ListedExperiment]) -> Table:
    """Lay out a line an experiment."""
    rows = [
        {"experiment": experiment.experiment, **_cells(experiment)} for experiment in experiments
    ]
    return table((*rows[0],), [(*row.values(),) for row in rows])


def _by_study(experiments: Sequence[ListedExperiment]) -> Table:
    """Lay out for a narrow terminal: a study's name once, and no device if all ran on the CPU."""
    left_out = "device" if {("cpu",)} == {experiment.devices for experiment in experiments} else ""
    rows: list[tuple[str, ...]] = []
    headers: tuple[str, ...] = ()
    for study, group in groupby(
        experiments, key=lambda experiment: experiment.experiment.rpartition("/")[0]
    ):
        rows += [(f"{study}/",)] if study else []
        for experiment in group:
            name = (
                f"  {experiment.experiment.removeprefix(f'{study}/')}"
                if study
                else experiment.experiment
            )
            cells = {key: cell for key, cell in _cells(experiment).items() if key != left_out}
            rows.append((name, *cells.values()))
            headers = ("experiment", *cells)
    laid_out = table(headers, rows)
    longest = max(len(name) for name, *_ in rows)
    laid_out.columns[0].min_width = min(WIDTH_OF_A_NAME, longest)
    laid_out.columns[headers.index("runs")].max_width = len("10 complete")
    return laid_out


def _cells(experiment: ListedExperiment) -> dict[str, str]:
    return {
        "seeds": seed_ranges(experiment.seeds),
        "runs": _runs(experiment),
        "epochs": if_known(experiment.epochs),
        "validation": percent(experiment.validation_accuracy),
        "device": ", ".join(experiment.devices),
        "ended": (experiment.ended or "")[: len("2026-11-20")],
    }


def _runs(experiment: ListedExperiment) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in experiment.statuses.items())
    learnt_nothing = experiment.failed - experiment.statuses.get("diverged", 0)
    failed = f", {learnt_nothing} of them failed to learn" if learnt_nothing else ""
    several = experiment.configurations > 1
    return counts + failed + f", of {experiment.configurations} configurations" * several


def _status(run: ListedRun) -> str:
    nothing = run.failed and run.status == "complete"
    return f"{run.status}, failed to learn" if nothing else run.status


def _run_table(runs: Sequence[ListedRun]) -> Table:
    from bnbench.runs import Run

    rows = [
        (
            str(Run(Path(run.path)).place()),
            _status(run),
            if_known(run.epochs),
            percent(run.validation_accuracy),
            (run.ended or "").replace("T", " ").removesuffix("+00:00"),
        )
        for run in runs
    ]
    return table(("run", "status", "epochs", "validation", "ended (UTC)"), rows)
