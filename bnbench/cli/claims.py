"""``bnbench claims``: the verdict table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bnbench.claims import Judgement, Verdict, claims_table
from bnbench.config import load_study
from bnbench.registry import unknown
from bnbench.report.files import write_table, writing

HEADER = ("claim", "aspect", "verdict", "numbers")


def print_claims(
    judgements: Sequence[Judgement],
    article: str | None = None,
    verdict: str | None = None,
    csv: Path | None = None,
) -> None:
    """Print one line a verdict.

    Parameters
    ----------
    judgements : sequence of Judgement
    article, verdict : str, optional
        Print only these.
    csv : Path, optional
        File for the same rows with everything about them.
    """
    chosen = _chosen(judgements, article, verdict)
    console = Console()
    if console.is_terminal:
        console.print(_table(chosen))
    else:
        for line in _lines(chosen):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(_summary(chosen), highlight=False, markup=False, soft_wrap=True)
    if csv is not None:
        with writing(csv):
            write_table(claims_table(chosen), csv)


def resting_on(judgements: Sequence[Judgement], paths: Iterable[Path]) -> tuple[Judgement, ...]:
    """Keep the verdicts that studies decide, or would if they had the runs."""
    names = {load_study(path).name for path in paths}
    return tuple(one for one in judgements if one.test is not None and one.test.study in names)


def _chosen(
    judgements: Sequence[Judgement], article: str | None, verdict: str | None
) -> list[Judgement]:
    """Keep one article's, or one verdict's; refuse a name that there is not."""
    articles = {judgement.claim.article for judgement in judgements}
    if article is not None and article not in articles:
        raise unknown("article", article, articles, "--article")
    wanted = verdict.upper().replace("-", " ").replace("_", " ") if verdict else None
    if wanted is not None and wanted not in list(Verdict):
        raise unknown("verdict", wanted, list(Verdict), "--verdict")
    return [
        judgement
        for judgement in judgements
        if article in (None, judgement.claim.article) and wanted in (None, judgement.verdict)
    ]


def _table(judgements: Sequence[Judgement]) -> Table:
    """Lay the verdicts out for a terminal, each claim's words once."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in HEADER:
        table.add_column(name, overflow="fold", no_wrap=name == "verdict")
    before = None
    for judgement in judgements:
        claim = judgement.claim
        first = f"{claim.id}  {claim.claim}" if claim is not before else ""
        table.add_row(escape(first), *map(escape, _cells(judgement)))
        before = claim
    return table


def _lines(judgements: Sequence[Judgement]) -> list[str]:
    """Lay them out in plain columns, a line each, for files and pipes."""
    rows = [HEADER, *((judgement.claim.id, *_cells(judgement)) for judgement in judgements)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def _cells(judgement: Judgement) -> tuple[str, str, str]:
    return judgement.aspect, judgement.verdict.value, judgement.line


def _summary(judgements: Sequence[Judgement]) -> str:
    counts = Counter(judgement.verdict for judgement in judgements)
    claims = len({judgement.claim.id for judgement in judgements})
    parts = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    return f"{claims} claims, {len(judgements)} verdicts: {parts}"
