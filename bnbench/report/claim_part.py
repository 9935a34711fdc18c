"""The claims as a report shows them: one verdict each, its aspects folded, the open ones apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from bnbench.claims import Claim, Judgement, Verdict, overall_verdicts
from bnbench.claims.verdict import DECIDED, tally_text
from bnbench.config.study import SMALL
from bnbench.words import counted

ARTICLES = {
    "A0": "O. Olu-Ipinlaye, Batch Normalization in Convolutional Neural Networks (Paperspace).",
    "A1": "T. Madushanka, Batch Normalization in Neural Networks (Medium, 2024).",
    "A2": "CNNs Part 5: Batch Normalization.",
    "A3": "an untitled note on batch norm in convolutional networks.",
    "A4": "Batch Normalization in Convolutional Neural Networks (Baeldung).",
}


@dataclass(frozen=True)
class ClaimPart:
    """A claim with its verdict.

    Attributes
    ----------
    verdict : Verdict
        Over all aspects; see `bnbench.claims.overall_verdicts`.
    aspects : tuple
        Those that were judged, each with its verdict and what was measured.
    """

    claim: Claim
    verdict: Verdict
    aspects: tuple[tuple[str, str, str], ...]

    @property
    def title(self) -> str:
        """Verdict, id and the claim in this project's words: ``supported · A0.2: It helps.``.

        Where a verdict rests on some aspects alone, it says on how many.
        """
        open_too = sum(word == Verdict.INCONCLUSIVE.word for _, word, _ in self.aspects)
        decided = f"{len(self.aspects) - open_too} of {len(self.aspects)}"
        part = f" ({decided} aspects decided)" if self.verdict in DECIDED and open_too else ""
        return f"{self.verdict.word} · {self.claim.id}: {self.claim.claim}{part}"


@dataclass(frozen=True)
class ClaimsPart:
    """All claims that a report says something of.

    Attributes
    ----------
    shown : tuple of ClaimPart
        Those of which an aspect was judged, and those that no run can judge.
    open : tuple of str
        A line an aspect that was not judged.
    different : int
        How many different tests the shown aspects have: several claims may share one.
    """

    shown: tuple[ClaimPart, ...]
    open: tuple[str, ...]
    different: int

    @property
    def articles(self) -> tuple[str, ...]:
        """The articles that the shown claims are of; claims of a study's own are of none."""
        ids = {part.claim.article for part in self.shown}
        return tuple(f"{name}: {title}" for name, title in ARTICLES.items() if name in ids)

    @property
    def counts(self) -> str:
        """How many claims have which verdict."""
        known = tally_text(part.verdict for part in self.shown).lower()
        claims = counted(len(self.shown), "claim")
        aspects = counted(sum(len(part.aspects) for part in self.shown), "aspect")
        tests = counted(self.different, "different test")
        return (
            f"{claims} in {aspects}, by {tests}: {known}. A claim is"
            " supported or refuted where all of its decided aspects agree and none is open; mixed"
            " where they disagree. Only the p of what a study set out to confirm, or of the points"
            " of a sweep, is adjusted for the number of tests. Of a hundred other differences that"
            " do not exist, up to five are found."
        )

    @property
    def open_title(self) -> str:
        """What the lines of `open` are."""
        return f"{len(self.open)} aspects need studies that were not run, or that do not exist yet"


def claims_part(judgements: Sequence[Judgement], studies: Collection[str]) -> ClaimsPart:
    """Lay out the claims that the runs of some studies say something of.

    Parameters
    ----------
    judgements : sequence of Judgement
        Of all claims, aspect by aspect.
    studies : collection of str
        Names of the studies; a claim is theirs where an aspect of it is. Of the same articles,
        what no run can judge is shown, too, and what is open.
    """
    verdicts = overall_verdicts(judgements)
    names = {name.removesuffix(SMALL) for name in studies}
    articles = {aspect.claim.article for aspect in judgements if _rests_on(aspect.claim, names)}
    shown, lines = [], []
    tests = set()
    for claim, group in groupby(judgements, key=lambda aspect: aspect.claim):
        if claim.article not in articles:
            continue
        aspects = list(group)
        judged = [aspect for aspect in aspects if aspect.outcome.verdict is not Verdict.OPEN]
        lines += [_line(aspect) for aspect in aspects if aspect.outcome.verdict is Verdict.OPEN]
        if judged and (_rests_on(claim, names) or not _of_runs(claim)):
            shown.append(_part(judged, verdicts[claim.id]))
            tests |= {_asked(aspect) for aspect in judged if aspect.test}
    return ClaimsPart(tuple(shown), tuple(lines), len(tests))


def _asked(judgement: Judgement) -> str:
    """Write down a test without the name that a claim gives it."""
    return repr({**dict(judgement.test or {}), "aspect": ""})


def _rests_on(claim: Claim, studies: Collection[str]) -> bool:
    return any(test.names.get("study") in studies for test in claim.tests)


def _of_runs(claim: Claim) -> bool:
    """Whether an aspect needs runs; all others are exact, or cannot be tested."""
    return any("study" in test.names for test in claim.tests)


def _part(judged: Sequence[Judgement], verdict: Verdict) -> ClaimPart:
    rows = tuple(
        (judgement.aspect or "the whole claim", judgement.outcome.verdict.word, judgement.line)
        for judgement in judged
    )
    return ClaimPart(judged[0].claim, verdict, rows)


def _line(judgement: Judgement) -> str:
    subject = ", ".join(filter(None, [judgement.claim.id, judgement.aspect]))
    return f"{subject}: {judgement.numbers}"
