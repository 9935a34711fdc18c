"""``bnbench verify --against``: which new runs lie where the reference's further runs would."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from bnbench.cli.terminal import say, show, table, tell
from bnbench.errors import BnbenchError
from bnbench.findings.numbers import difference, level
from bnbench.findings.reference_agreement import (
    BOUND,
    CONFIDENCE,
    ReferenceAgreement,
    ReferenceCheck,
    agreement_with,
)
from bnbench.runs import Run, find_runs, opened
from bnbench.runs.overview import runs_below
from bnbench.verification.junit import Case

LISTED = 60
"""Comparisons that are listed one by one; of more, only those outside are."""


def judge_runs(
    folders: Sequence[Path], results: Path, reference: Path, *, as_json: bool = False
) -> Case:
    """Judge runs, or all under a results folder, by a reference; see ``verify --help``.

    Returns
    -------
    Case
        With a problem if more lie outside than chance explains.
    """
    if not reference.is_dir():
        raise BnbenchError(f"{reference}: there is no such folder; give one like results/reference")
    agreement = agreement_with(find_runs(folders) if folders else _runs_in(results), reference)
    show(_table(agreement), as_json=as_json)
    for line in (*agreement.notes, _sum(agreement)):
        (tell if as_json else say)(line)
    return Case(reference, () if agreement.consistent else (_sum(agreement),))


def _runs_in(results: Path) -> list[Run]:
    """Find all runs in their places; copies below them, as the reference's own, are in none."""
    results = opened(results)
    runs = runs_below(results)
    placed = [run for run in runs if run.path.parent == results / run.read_manifest().experiment]
    if not placed:
        raise BnbenchError(f"{results}: holds no run; `bnbench reproduce` makes them")
    return placed


def _table(agreement: ReferenceAgreement) -> Table:
    """List everything, or of very much what lies outside."""
    headers = ("experiment", "validation accuracy", "reference", "here", "where")
    many = len(agreement.checks) > LISTED
    return table(
        headers, [_cells(check) for check in agreement.checks if not (many and check.inside)]
    )


def _cells(check: ReferenceCheck) -> tuple[str, ...]:
    written, unit = difference if check.paired else level, check.metric.quantity.unit
    low, high = (written(end, unit) for end in (check.interval.low, check.interval.high))
    return (
        check.what,
        f"epoch {check.metric.epoch}" if check.metric.epoch else "last epoch",
        f"{low} to {high} (n = {check.reference_n})",
        f"{written(check.mean, unit)} (n = {check.n})",
        "inside" if check.inside else "OUTSIDE",
    )


def _sum(agreement: ReferenceAgreement) -> str:
    verdict = "consistent" if agreement.consistent else "not consistent"
    return (
        f"{agreement.outside} of {len(agreement.checks)} outside the reference's"
        f" {100 * CONFIDENCE:g} % prediction; by chance {agreement.expected:.1f} on average, and at"
        f" {100 * BOUND:g} % no more than {agreement.allowed}: {verdict} with the reference"
    )
