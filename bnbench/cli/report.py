"""``bnbench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.completion import study_names
from bnbench.cli.options import RESULTS, Results
from bnbench.cli.terminal import say


def report(
    studies: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Studies by name or file; by default all that have runs.",
            autocompletion=study_names,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", "-n", min=1, help="Only seeds 0 ... N-1.")
    ] = None,
    results: Results = RESULTS,
    out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("report.html"),
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write the same as Markdown beside it.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Instead: a folder for report, tables, and the runs' logs."),
    ] = None,
) -> None:
    """Write the report on the runs that are there: one HTML file that opens offline.

    Example: bnbench report --out report.html
    """
    from bnbench.cli.reproduce import write_all
    from bnbench.cli.studies import judge_results
    from bnbench.report.study_results import write_study_report

    judged = judge_results(studies or [], results, seeds)
    if folder is not None:
        write_all(judged, folder, with_runs=True, lean=True)
        return
    for path in write_study_report(judged, out, with_markdown=markdown):
        if path.suffix != ".svg":
            say(path)
