"""Studies' runs judged: what every verdict, table and page begins with. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnbench.claims import (
    Check,
    Claim,
    Judgement,
    article_claims,
    check_claims,
    check_questions,
    judge,
    study_claims,
    tests_of,
)
from bnbench.config import Study
from bnbench.findings import StudyFindings, StudyRuns, findings_of, read_study
from bnbench.findings.registration import registration_line
from bnbench.runs import Run


@dataclass(frozen=True, eq=False)
class Judged:
    """Studies' runs, what they say, and the verdicts that follow.

    Attributes
    ----------
    findings : tuple of StudyFindings
        In the same order.
    judgements : tuple of Judgement
        Of every claim, also of those whose studies have no runs.
    """

    runs: tuple[StudyRuns, ...]
    findings: tuple[StudyFindings, ...]
    judgements: tuple[Judgement, ...]

    @property
    def every_run(self) -> list[Run]:
        """Each run once, though several studies may have it."""
        return list({run.run.path: run.run for study in self.runs for run in study.runs}.values())


def own_claims(known: Sequence[Study]) -> list[Claim]:
    """Read and check the claims that studies bring along, and what they ask.

    The articles' claims are held by a test.
    """
    claims = [claim for study in known for claim in study_claims(study)]
    check_claims(claims, {study.name: study for study in known})
    check_questions(known)
    return claims


def judge_studies(
    studies: Sequence[Study],
    known: Sequence[Study],
    results: Path,
    checks: Mapping[str, Check] | None = None,
) -> Judged:
    """Read the runs of studies and judge all claims by them.

    Parameters
    ----------
    studies : sequence of Study
        Those to be looked at, in full or small.
    known : sequence of Study
        All whose own claims are judged beside the articles', in full.
    results : Path
        Folder of the runs.
    checks : mapping of str to Check, optional
        What is exact, by name; by default it was not checked.
    """
    own = own_claims(known)
    runs = tuple(read_study(study, results) for study in studies)
    findings = tuple(map(findings_of, runs))
    by_name = {found.study.name: found for found in findings}
    judgements = judge([*article_claims(), *own], by_name, checks)
    return Judged(runs, findings, judgements)


def registrations(judged: Judged) -> dict[str, str]:
    """Say of each study whether its questions were written down before its numbers were seen."""
    claims = list({aspect.claim.id: aspect.claim for aspect in judged.judgements}.values())
    return {
        runs.study.name: registration_line(
            runs.study,
            runs.registration,
            (run.manifest for run in runs.runs),
            tests_of(runs.study, claims),
        )
        for runs in judged.runs
    }
