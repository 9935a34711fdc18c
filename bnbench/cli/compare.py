"""``bnbench compare``: draw, write, and print the table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bnbench.cli.completion import run_names
from bnbench.cli.folders import run_folders
from bnbench.cli.options import RESULTS, Results, WithRuns
from bnbench.cli.terminal import say, show


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Experiments by name or folder, or folders of runs; the first is the baseline"
            " unless --baseline names it.",
            autocompletion=run_names,
        ),
    ],
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Compare all of them with this one.")
    ] = None,
    results: Results = RESULTS,
    out: Annotated[Path, typer.Option("--out", help="Folder for figures and tables.")] = Path(
        "figures"
    ),
    with_runs: WithRuns = False,
) -> None:
    """Compare experiments: figures as PNG and SVG, the CSV each was drawn from, and a table.

    Example: bnbench compare lenet5_batchnorm --baseline lenet5 --out figures/
    """
    from bnbench.report.archive import archive
    from bnbench.report.compare import compare
    from bnbench.report.conclusion import conclusions
    from bnbench.report.tables import markdown_table, render_table
    from bnbench.runs import write_text

    folders = run_folders(([baseline] if baseline else []) + runs, results)
    comparison = compare(folders, out)
    paths = [*comparison.paths, out / "summary.md"]
    write_text(paths[-1], markdown_table(comparison))
    if with_runs:
        archive(folders, out)
        paths.append(out / "runs")
    show(render_table(comparison))
    for line in (*comparison.notes, *paths, *conclusions(comparison)):
        say(line)
