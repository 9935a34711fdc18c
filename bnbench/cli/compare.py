"""``bnbench compare``: print the table, then draw and write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bnbench.cli.labels import short_labels
from bnbench.cli.names import RESULTS, complete_run, run_folder, run_folders
from bnbench.cli.options import Json, Latex, Results, WithRuns
from bnbench.cli.terminal import say, say_json, saying, show_captioned
from bnbench.errors import BnbenchError
from bnbench.words import counted

if TYPE_CHECKING:
    from bnbench.report.comparison import Comparison
    from bnbench.report.table import Table


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
    out: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder for figures and tables.")
    ] = Path("figures"),
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
        typer.Option(
            "--labels",
            help="Name of an experiment in figures and tables; repeat it for each, in the order of"
            " the experiments. That of --baseline comes last, unless it is among them.",
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="Title above each figure.")] = "",
    latex: Latex = False,
    as_json: Json = False,
) -> None:
    """Compare experiments: a table, figures with the CSV file behind each, and a conclusion.

    Example: bnbench compare lenet5_batchnorm --baseline lenet5 --out figures/

    For a slide: bnbench compare lenet5 lenet5_batchnorm --format pdf --width 9 --font-size 14
    --labels plain --labels "batch norm"
    """
    from bnbench.claims.rules.deciding import enough_seeds
    from bnbench.report.comparison import called, compare
    from bnbench.report.comparison_table import comparison_table
    from bnbench.report.conclusion import conclusions

    folders = _named(runs, results, labels or ())
    if baseline:
        folders, labels = _baseline_first(run_folder(baseline, results), folders, labels or [])
    with saying("reading the runs"):
        comparison = compare(folders)
    titles = called(comparison, labels or ())
    table = _titled(comparison_table(comparison), titles)
    if not as_json:
        shared, short = short_labels(titles)
        titles = titles if labels else short
        if shared:
            say(f"All runs: {shared}.")
        show_captioned(table if labels else _titled(table, titles))
        for note in comparison.notes:
            say(note)
    with saying("drawing"):
        from bnbench.plots.style import Form  # drawing takes longer than all before it
        from bnbench.report.comparison_files import write_comparison

        kinds = tuple(kind.value for kind in formats) if formats else Form.formats
        form = Form(kinds, width, font_size, title)
        paths = [*write_comparison(comparison, out, form, labels or ())]
        paths += _write_tables(table, out, latex=latex)
    if with_runs:
        from bnbench.report.archive import archive

        archive(folders, out)
        paths.append(out / "runs")
    if as_json:
        say_json(_as_data(comparison, paths))
        return
    said = list(conclusions(comparison.findings, titles))
    decided = any(enough_seeds(found.n) for found in comparison.findings)
    by_itself = f"{'Each' if len(said) > 1 else 'This'} {BY_ITSELF}"
    for line in (_listing(out, paths), *[by_itself] * decided, *said):
        say(line)


def _named(runs: Sequence[str], results: Path, labels: Sequence[str]) -> list[Path]:
    """Find the folders; what is none may be a label that had no ``--labels`` before it."""
    try:
        return run_folders(runs, results)
    except BnbenchError as error:
        raise BnbenchError(*error.problems, *[ONE_LABEL] * bool(labels)) from None


ONE_LABEL = "--labels takes one name; repeat it for each, as in --labels plain --labels normalized"


def _baseline_first(
    first: Path, folders: Sequence[Path], labels: list[str]
) -> tuple[list[Path], list[str]]:
    """Move the baseline to the front, or add it there; and its label, which is last if added."""
    place = folders.index(first) if first in folders else len(folders)
    if labels:
        place = min(place, len(labels) - 1)
        labels = [labels[place], *labels[:place], *labels[place + 1 :]]
    return [first, *(folder for folder in folders if folder != first)], labels


BY_ITSELF = "is judged by itself; a study, which adjusts for all its questions, may leave it open."


def _titled(table: Table, titles: Mapping[str, str]) -> Table:
    """Put titles for the experiments' names, the baseline's first, in the header of a table."""
    from bnbench.report.comparison_table import difference_header

    baseline, *treatments = titles
    names = dict(titles) | {
        difference_header(name, baseline): difference_header(titles[name], titles[baseline])
        for name in treatments
    }
    return replace(table, header=tuple(names.get(name, name) for name in table.header))


def _listing(out: Path, written: Sequence[Path]) -> str:
    """Name the files in few words, and count those of the folder that are of another command."""
    kinds: dict[str, list[str]] = {}
    for path in written:
        kinds.setdefault(path.stem if path.suffix else f"{path.name}/", []).append(path.suffix[1:])
    named = (f"{name} ({', '.join(ends)})" if any(ends) else name for name, ends in kinds.items())
    others = [path for path in out.iterdir() if path.is_file() and path not in written]
    rest = f"; beside them {counted(len(others), 'older file')}" if others else ""
    return f"Written into {out}: {', '.join(named)}{rest}"


def _write_tables(table: Table, out: Path, *, latex: bool) -> Iterator[Path]:
    from bnbench.report.comparison_table import for_github
    from bnbench.report.latex import latex_tables
    from bnbench.runs import write_text

    texts = {"summary.md": for_github(table)}
    if latex:
        texts["summary.tex"] = latex_tables([table])
    for name, text in texts.items():
        write_text(out / name, text)
        yield out / name


def _as_data(comparison: Comparison, paths: Sequence[Path]) -> dict[str, object]:
    """Lay out the rows of the CSV tables, and all lines, for programs."""
    from bnbench.report.comparison import comparison_tables
    from bnbench.report.conclusion import conclusions

    tables = comparison_tables(comparison)
    return {
        **{name: json.loads(of.to_json(orient="records")) for name, of in tables.items()},
        "notes": comparison.notes,
        "files": [str(path) for path in paths],
        "conclusions": list(conclusions(comparison.findings)),
    }
