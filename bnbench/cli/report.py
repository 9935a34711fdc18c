"""``bnbench report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.names import RESULTS
from bnbench.cli.options import Latex, Results, Studies
from bnbench.cli.terminal import say, saying

if TYPE_CHECKING:
    from bnbench.report.judged import Judged
    from bnbench.report.page import Page


def report(
    studies: Studies = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", "-n", min=1, help="Only the seeds 0 ... N-1.")
    ] = None,
    results: Results = RESULTS,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The HTML file; by default report/STUDY/report.html below the results.",
            show_default=False,
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write the same as Markdown beside it.")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            help="Instead: a folder for report and tables, which keeps the runs, packed. What it"
            " has of other studies stays, and is reported, too.",
        ),
    ] = None,
    latex: Latex = False,
) -> None:
    """Write the report on the finished runs: one HTML file that opens offline.

    Without a study, it reports on all studies that have runs.

    Example: bnbench report headline
    """
    from bnbench.cli.studies import judge_results
    from bnbench.report.figures import check_figures
    from bnbench.report.page import write_report
    from bnbench.report.study_results import report_page, write_latex

    judged = judge_results(studies or [], results, seeds)
    for found in judged.findings:
        check_figures(found.study)
    file = out or report_folder(judged, results) / "report.html"
    if folder is not None:
        with saying(f"packing the runs into {folder / 'runs'}"):
            keep_runs(judged, folder)
        judged = judge_results([], folder / "runs", known_too=studies or [])
    with saying("writing the report"):
        page = report_page(judged)
        if folder is not None:
            paths = write_all(judged, page, folder, lean=True)
        else:
            paths = write_report(page, file, with_markdown=markdown)
        if latex:
            paths += write_latex(page, folder or file.parent)
    for path in paths:
        if path.suffix != ".svg":
            say(path)
    if out is None and folder is None and (older := _older(file.parent, paths)):
        command = " ".join(["bnbench reproduce", *map(str, studies or [])])
        say(f"Not written anew: {', '.join(older)}; `{command}` writes them all")


def _older(folder: Path, written: Sequence[Path]) -> list[str]:
    """Name the tables and pages of a report's folder that an earlier command has left there."""
    there = sorted(path for path in folder.iterdir() if path.suffix in (".csv", ".md", ".tex"))
    return [path.name for path in there if path not in written]


def report_folder(judged: Judged, results: Path) -> Path:
    """Name a folder after the studies, so that a report of one never replaces another's."""
    names = "-".join(found.study.name for found in judged.findings)
    return results / "report" / (names if len(names) < 60 else "studies")


def write_all(judged: Judged, page: Page, out: Path, *, lean: bool = False) -> list[Path]:
    """Write tables, answers and report into a folder.

    See `bnbench.report.page.write_report` on `lean`.
    """
    from bnbench.report.page import write_report
    from bnbench.report.study_results import (
        write_answers,
        write_mechanisms,
        write_study_tables,
    )

    tables = write_study_tables(judged, out, lean=lean)
    write_answers(judged, out / "answers.md")
    write_mechanisms(judged, out)
    write_report(page, out / "report.html", with_markdown=True, lean=lean)
    return [out / "report.html", out / "report.md", *tables]


def keep_runs(judged: Judged, out: Path) -> None:
    """Pack the runs that were judged, and what their studies had set out to ask."""
    from bnbench.findings.registration import write_registration
    from bnbench.report.archive import archive
    from bnbench.report.study_results import (
        experiments_with_losses,
        experiments_with_predictions,
        measured_by_probes,
    )

    studies = [found.study for found in judged.findings]
    archive(
        sorted(run.path for run in judged.every_run),
        out,
        with_answers=experiments_with_predictions(studies),
        with_losses=experiments_with_losses(studies),
        measured=measured_by_probes(judged.runs),
    )
    for runs in judged.runs:
        if runs.registration is not None:
            write_registration(runs.registration, out / "runs")
