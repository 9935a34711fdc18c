"""Every claim's verdicts, worked out from the findings each time; none is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from bnbench.claims.rules import ClaimTest
from bnbench.claims.rules.exact import Check, Exact
from bnbench.claims.schema import Claim
from bnbench.claims.verdict import Outcome, Verdict, together
from bnbench.config import study_given
from bnbench.config.study import SMALL
from bnbench.findings.names import quoted_title, tested_titles
from bnbench.findings.results import StudyFindings
from bnbench.registry import unknown
from bnbench.words import sentence


@dataclass(frozen=True)
class Judgement:
    """One verdict on one aspect of one claim.

    Attributes
    ----------
    test : ClaimTest or None
        ``None`` for what cannot be tested, here or yet.
    study : str
        Whose runs were used: the test's study, or its ``_small`` variant; empty for none.
    reduced : str
        What those keep of the study in full; empty for all of it.
    compared : str
        The arms that its number is of, such as ``“batch norm” against “plain”``.
    """

    claim: Claim
    test: ClaimTest | None
    outcome: Outcome
    study: str = ""
    reduced: str = ""
    compared: str = ""

    @property
    def aspect(self) -> str:
        """What of the claim: the test's aspect, or ``the rest`` of a claim that has tests."""
        if self.test is not None:
            return self.test.aspect
        return "the rest" if self.claim.tests else ""

    @property
    def numbers(self) -> str:
        """What it rests on, in one plain line; or what is missing."""
        return self.outcome.numbers + (f"; reduced run: {self.reduced}" if self.reduced else "")

    @property
    def line(self) -> str:
        """All of it, a sentence each: ``Not reproduced. Test accuracy, “a” against “b”: ...``."""
        outcome = self.outcome
        if outcome.verdict is Verdict.OPEN:  # it ends with a command, which takes no full stop
            return outcome.numbers
        title = self.test.metric_title if self.test is not None and self.study else ""
        reduced = f"reduced run: {self.reduced}" if self.reduced else ""
        subject = ", ".join(filter(None, [title, self.compared]))
        found = f"{subject}: " * bool(subject) + outcome.estimate + outcome.rest
        said = [outcome.why, found, *outcome.caveats, reduced]
        return " ".join(map(sentence, filter(None, said)))


def judge(
    claims: Iterable[Claim],
    findings: Mapping[str, StudyFindings],
    checks: Mapping[str, Check] | None = None,
) -> tuple[Judgement, ...]:
    """Judge claims by what the studies' runs say, and by what is exact.

    Parameters
    ----------
    claims : iterable of Claim
        Checked by `check_claims`.
    findings : mapping of str to StudyFindings
        By the study's name; a small variant by its own, ``<study>_small``. It stands in for its
        study where the full one has no runs for a test.
    checks : mapping of str to Check, optional
        As `bnbench.checks.run_checks` gives them; by default none was run.

    Returns
    -------
    tuple of Judgement
        By article and number; one for each test, and one for what a claim still needs.
    """
    return tuple(
        judgement
        for claim in sorted(claims, key=_by_article_and_number)
        for judgement in _judge_claim(claim, findings, checks)
    )


def _by_article_and_number(claim: Claim) -> tuple[str, list[tuple[str, int]]]:
    """A sort key that puts ``A0.2`` before ``A0.10``."""
    parts = re.findall(r"(\D*)(\d*)", claim.id)
    return claim.article, [(word, int(number or 0)) for word, number in parts]


def _judge_claim(
    claim: Claim, findings: Mapping[str, StudyFindings], checks: Mapping[str, Check] | None
) -> Iterator[Judgement]:
    for test in claim.tests:
        if isinstance(test, Exact):
            yield _judge_exact(claim, test, checks)
        else:
            yield _judge_aspect(claim, test, findings)
    if claim.needs:
        yield Judgement(claim, None, Outcome(Verdict.OPEN, 0, f"needs: {claim.needs}"))
    if claim.not_testable:
        yield Judgement(claim, None, Outcome(Verdict.NOT_TESTABLE, 0, claim.not_testable))


def _judge_exact(claim: Claim, test: Exact, checks: Mapping[str, Check] | None) -> Judgement:
    if checks is None:
        return Judgement(claim, test, Outcome(Verdict.OPEN, 0, "not run: bnbench claims"))
    if test.check not in checks:
        place = claim.place(f"tests.{claim.tests.index(test)}.check")
        raise unknown("check", test.check, checks, place)
    return Judgement(claim, test, test.decide(checks[test.check]))


def _judge_aspect(
    claim: Claim, test: ClaimTest, findings: Mapping[str, StudyFindings]
) -> Judgement:
    name = test.names["study"]
    studies = [findings[variant] for variant in (name, name + SMALL) if variant in findings]
    for found in studies:
        outcome = test.judge(found)
        if outcome.verdict is not Verdict.OPEN:
            study = found.study
            compared = tested_titles(study, test.names)
            return Judgement(claim, test, outcome, study.name, study.keeps, compared)
    return Judgement(claim, test, Outcome(Verdict.OPEN, 0, _missing(test, name, studies)))


def _missing(test: ClaimTest, study: str, studies: list[StudyFindings]) -> str:
    """Say why a test has no verdict, and the command that makes its study's runs."""
    findings = [finding for found in studies if (finding := test.finding_in(found))]
    notes = findings[0].notes if findings else ()
    reasons = "; ".join(
        dict.fromkeys(
            note.reason or note.told(partial(quoted_title, studies[0].study)) for note in notes
        )
    )
    why = f"not measured ({reasons})" if reasons else "not run"
    return f"{why}: bnbench reproduce {study_given(studies[0].study.path) if studies else study}"


def overall_verdicts(judgements: Iterable[Judgement]) -> dict[str, Verdict]:
    """The verdicts on whole claims, by id, in the order of the judgements."""
    aspects: dict[str, list[Verdict]] = {}
    for judgement in judgements:
        aspects.setdefault(judgement.claim.id, []).append(judgement.outcome.verdict)
    return {claim: together(verdicts) for claim, verdicts in aspects.items()}
