"""``bnbench compare``: draw, write, and print the table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.labels import short_labels
from bnbench.cli.names import RESULTS, complete_run, run_folders
from bnbench.cli.options import Json, Latex, Results, WithRuns
from bnbench.cli.terminal import fits, say, say_json, saying, show

if TYPE_CHECKING:
    from bnbench.report.compare import Comparison


class Format(StrEnum):
    """Kinds of files."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


def compare(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="Experiments by name or folder, or folders of runs; the first is the baseline"
            " unless --baseline names it.",
            autocompletion=complete_run,
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
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", help="Format of the figures; repeatable. By default png and svg."),
    ] = None,
    width: Annotated[
        float, typer.Option("--width", min=2, max=40, help="Width of the figures, in inches.")
    ] = 6.3,
    font_size: Annotated[
        float,
        typer.Option("--font-size", min=4, max=40, help="Font size of the figures, in points."),
    ] = 10,
    labels: Annotated[
        list[str] | None,
        typer.Option("--labels", help="Name of an experiment in the figures; give one for each."),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title above each figure.")] = "",
    latex: Latex = False,
    as_json: Json = False,
) -> None:
    """Compare experiments: figures, the CSV file behind each figure, and a table.

    Example: bnbench compare lenet5_batchnorm --baseline lenet5 --out figures/

    For a slide: bnbench compare lenet5 lenet5_batchnorm --format pdf --width 9 --font-size 14
    --labels plain --labels "batch norm"
    """
    from bnbench.plots.style import Form
    from bnbench.report.archive import archive
    from bnbench.report.compare import compare
    from bnbench.report.comparison_table import comparison_table, for_github, for_terminal
    from bnbench.report.conclusion import conclusions
    from bnbench.report.latex import latex_tables
    from bnbench.runs import write_text

    folders = run_folders(([baseline] if baseline else []) + runs, results)
    chosen = tuple(kind.value for kind in formats) if formats else Form.formats
    form = Form(chosen, width, font_size, title)
    with saying("reading the runs, and drawing"):
        comparison = compare(folders, out, form, labels or ())
    table, paths = comparison_table(comparison), [*comparison.paths, out / "summary.md"]
    write_text(paths[-1], for_github(table))
    if latex:
        paths.append(out / "summary.tex")
        write_text(paths[-1], latex_tables([table]))
    if with_runs:
        archive(folders, out)
        paths.append(out / "runs")
    if as_json:
        say_json(_as_data(comparison, paths))
        return
    names = [arm.experiment.experiment for arm in comparison.runs.arms.values()]
    shared, short = short_labels(names)
    titles = dict(zip(names, labels, strict=True)) if labels else short
    if shared:
        say(f"All runs: {shared}.")
    header = tuple(titles.get(name, name) for name in table.header)
    table = replace(table, header=header)
    whole = for_terminal(table)
    show(whole if fits(whole) else for_terminal(table, narrow=True))
    for line in (*comparison.notes, *paths, *conclusions(comparison.findings, titles)):
        say(line)


def _as_data(comparison: Comparison, paths: Sequence[Path]) -> dict[str, object]:
    """Lay out the rows of ``summary.csv``, and all lines, for programs."""
    from bnbench.report.conclusion import conclusions
    from bnbench.report.summary import summary_table

    rows = summary_table(comparison.runs, comparison.findings)
    return {
        "rows": json.loads(rows.to_json(orient="records")),
        "notes": comparison.notes,
        "files": [str(path) for path in paths],
        "conclusions": list(conclusions(comparison.findings)),
    }
