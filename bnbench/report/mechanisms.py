"""What probes say of the articles' explanations: verdicts by what was measured, and the figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from bnbench.claims import Judgement
from bnbench.config import parse_metric
from bnbench.findings.study_runs import StudyRuns
from bnbench.metrics.of_probes import QUESTIONS
from bnbench.report.markdown import rendered


def mechanisms_table(judgements: Sequence[Judgement], studies: Sequence[StudyRuns]) -> str:
    """Lay out the verdicts that rest on these studies: a Markdown table a question.

    What several claims rest on is one row, which names them.
    """
    names = {runs.study.name for runs in studies}
    judged = [judgement for judgement in judgements if judgement.study in names]
    parts = [
        (question, list(_rows(aspect for aspect in judged if _probe(aspect) == kind)))
        for kind, question in QUESTIONS.items()
    ]
    return rendered("mechanisms.md", parts=parts)


def _probe(judgement: Judgement) -> str:
    """Name the kind of probe that a verdict rests on."""
    assert judgement.test is not None
    return parse_metric(judgement.test.names["metric"]).quantity.probe


def _rows(judgements: Iterable[Judgement]) -> Iterator[tuple[str, str, str]]:
    for (_, numbers, verdict), found in groupby(sorted(judgements, key=_outcome), _outcome):
        same = list(found)
        claims = ", ".join(judgement.claim.id for judgement in same)
        aspect = max((judgement.aspect for judgement in same), key=len)
        yield aspect, numbers, f"{verdict}: {claims}"


def _outcome(judgement: Judgement) -> tuple[str, str, str]:
    """Name what was measured, what came out, and the verdict."""
    assert judgement.test is not None
    outcome = judgement.outcome
    verdict = ", ".join(filter(None, [outcome.verdict.word, outcome.how]))
    return judgement.test.names["metric"], outcome.numbers, verdict
