"""What probes say of the articles' explanations: a table of verdicts, and the figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bnbench.claims import Judgement
from bnbench.findings.study_runs import StudyRuns
from bnbench.report.markdown import environment

REDUCED = "; reduced run: "
"""What follows it is the same in every row."""


def probed_studies(runs: Iterable[StudyRuns]) -> list[StudyRuns]:
    """Choose the studies whose runs were looked into."""
    return [one for one in runs if any(run.experiment.probes for run in one.runs)]


def mechanisms_table(judgements: Sequence[Judgement], studies: Sequence[StudyRuns]) -> str:
    """Lay the verdicts that rest on these studies out as a Markdown table, by claim."""
    names = {one.study.name for one in studies}
    rows, before = [], None
    for one in judgements:
        if one.study in names:
            claim = f"{one.claim.id}: {one.claim.claim}" if one.claim is not before else ""
            numbers = one.line.partition(REDUCED)[0]
            rows.append((claim, one.aspect, one.verdict.word, numbers))
            before = one.claim
    return environment().get_template("mechanisms.md").render(rows=rows) + "\n"
