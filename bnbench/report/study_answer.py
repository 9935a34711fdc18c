"""The answer to a study's question, part by part, from its numbers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bnbench.claims import ClaimTest, Outcome, Verdict, part_tests
from bnbench.claims.rules.deciding import enough_seeds
from bnbench.claims.verdict import answer_of, decide, tally, together
from bnbench.config import Study, parse_metric
from bnbench.config.label import Label
from bnbench.config.study_schema import QuestionPart
from bnbench.findings.names import against, arm_title, compared_titles, settings_at
from bnbench.findings.results import Finding, StudyFindings
from bnbench.report.short_names import Pair, short_names
from bnbench.words import sentence

LISTED = 3
"""So many numbers of one part are all given; of more, the largest."""


@dataclass(frozen=True)
class Answer:
    """A word or two, and a sentence a part of the question."""

    word: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One part of an answer: the verdicts of its tests, and what was found, in words."""

    asked: QuestionPart
    verdicts: tuple[Verdict, ...]
    found: str


@dataclass(frozen=True)
class Piece:
    """One test of a part."""

    test: ClaimTest
    outcome: Outcome
    finding: Finding | None

    @property
    def size(self) -> float:
        """How large the effect is, to name the largest of many; 0 where it has no size."""
        if self.finding is None:
            return 0.0
        if self.finding.contrast is not None:
            return abs(self.finding.contrast.mean_difference)
        ratio = self.finding.speed_up.ratio if self.finding.speed_up else 1.0
        return abs(math.log(ratio)) if 0 < ratio < math.inf else 0.0


def answer(found: StudyFindings) -> Answer:
    """Answer a study's question in a word or two, then each part of it in a sentence.

    `bnbench.claims.verdict.answer_of` makes one answer of all tests, and one of each part's.
    """
    parts = [_part(found, asked, tests) for asked, tests in part_tests(found.study).items()]
    shown = [part for part in parts if part.found]
    if not shown:
        return Answer(sentence(Verdict.OPEN.answer()), ("Its runs allow no comparison yet.",))
    verdicts = [verdict for part in parts for verdict in part.verdicts]
    word = answer_of(verdicts, "" if found.study.answered_by else "different")
    if len(shown) == 1:
        return Answer(sentence(word), (sentence(f"{shown[0].asked.says}: {shown[0].found}"),))
    return Answer(sentence(word), tuple(map(_answered, shown)))


def _answered(part: Part) -> str:
    """Say a part's answer, and then what was found: ``Corrected: yes. Test accuracy ...``."""
    word = answer_of(part.verdicts, part.asked.yes)
    return f"{sentence(f'{part.asked.says}: {word}')} {sentence(part.found)}"


def _part(found: StudyFindings, asked: QuestionPart, tests: Sequence[ClaimTest]) -> Part:
    if not tests:
        return _published(found, asked)
    pieces = [Piece(test, test.judge(found), test.finding_in(found)) for test in tests]
    verdicts = tuple(piece.outcome.verdict for piece in pieces)
    return Part(asked, verdicts, _found(found.study, asked, pieces))


def _found(study: Study, asked: QuestionPart, pieces: Sequence[Piece]) -> str:
    """Say what the tests of a part found; nothing where none has been run."""
    if not any(piece.outcome.n for piece in pieces):
        return ""
    shared = _shared_metric(pieces)
    pair = _names(study, pieces)[1]
    said = ["" if shared in asked.says else shared, against(pair) if pair else ""]
    about = ", ".join(filter(None, said))
    listed = _most if len(pieces) > LISTED else _each
    return f"{about}: " * bool(about) + listed(study, pieces, shared)


def _each(study: Study, pieces: Sequence[Piece], shared: str) -> str:
    """List every number, and say of each whatever the part's own word does not say of it."""
    whole = together(piece.outcome.verdict for piece in pieces)
    texts = []
    for piece in pieces:
        verdict = piece.outcome.verdict
        remark = "" if verdict is whole else verdict.answer(piece.test.rule)
        texts.append(_number(study, piece, pieces, shared, remark))
    n = sorted({piece.outcome.n for piece in pieces if piece.outcome.n})
    return f"{'; '.join(texts)}, n = {' and '.join(map(str, n))}"


def _most(study: Study, pieces: Sequence[Piece], shared: str) -> str:
    """Count the tests by their outcome, and give the largest number of the first kind there is."""
    counts = tally(piece.outcome.verdict for piece in pieces)
    rule = pieces[0].test.rule
    first, *others = [(verdict.answer(rule), count) for verdict, count in counts.items()]
    whole = "all" if not others else f"{first[1]} of"
    noun = "settings" if len(_groups(pieces)) == 1 else "comparisons"
    counted = f"{first[0]} in {whole} {len(pieces)} {noun}"
    counted += "".join(f", {word} in {count}" for word, count in others)
    first_kind = (piece for piece in pieces if piece.outcome.verdict is next(iter(counts)))
    chosen = max(first_kind, key=lambda piece: piece.size)
    number = _number(study, chosen, pieces, shared)
    which = "the largest," if chosen.size else "such as"
    return f"{counted}; {which} {number}, n = {chosen.outcome.n}"


def _number(
    study: Study, piece: Piece, pieces: Sequence[Piece], shared: str, remark: str = ""
) -> str:
    """Write one number, with what its piece of the part is, before what is to be said of it."""
    title = piece.test.metric_title
    layer, _, when = title.partition(shared) if shared else ("", "", title)
    where = " ".join(filter(None, [_where(study, piece, pieces), layer.strip()]))
    if not piece.outcome.n:
        return " ".join(filter(None, [where, when.strip(), piece.outcome.estimate]))
    estimate, when = piece.outcome.estimate, when.strip()
    found = [estimate, when] if shared else [when and f"{when}:", estimate]
    told = ", ".join(filter(None, [remark, piece.outcome.how]))
    return " ".join(filter(None, [where, *found, told and f"({told})"]))


def _shared_metric(pieces: Sequence[Piece]) -> str:
    """Find the words that the metrics of all pieces begin with, which need be said only once."""
    metrics = [parse_metric(text) for piece in pieces if (text := piece.test.names.get("metric"))]
    for titles in (
        [metric.title for metric in metrics],
        [metric.quantity.title for metric in metrics],
    ):
        if len(set(titles)) == 1:
            return titles[0]
    return ""


def _where(study: Study, piece: Piece, pieces: Sequence[Piece]) -> str:
    """Name the contrast and its point, where a part has several."""
    name = piece.test.names["contrast"]
    if _same_contrast(pieces):
        return ""
    if len(_groups(pieces)) == 1 and piece.finding is not None:
        return f"{settings_at(study, piece.finding)}:"
    return f"{_names(study, pieces)[0][name]}:"


def _same_contrast(pieces: Sequence[Piece]) -> bool:
    return len({piece.test.names["contrast"] for piece in pieces}) == 1


def _groups(pieces: Sequence[Piece]) -> set[str]:
    return {Label.parse(piece.test.names["contrast"]).group for piece in pieces}


def _names(study: Study, pieces: Sequence[Piece]) -> tuple[dict[str, str], Pair | None]:
    """Name the contrasts of pieces, and the arms that all have; see `short_names`."""
    contrasts = [*dict.fromkeys(piece.test.names["contrast"] for piece in pieces)]
    pairs = [compared_titles(study, name) for name in contrasts]
    names, shared = short_names(pairs)
    if len(pairs) == 1:
        return {}, shared or pairs[0]
    return dict(zip(contrasts, names, strict=True)), shared


def _published(found: StudyFindings, asked: QuestionPart) -> Part:
    """Count the published accuracies that lie where one further run of ours would."""
    inside = [point.inside for point in found.published if point.summary.n > 1]
    if not inside:
        return Part(asked, (Verdict.INCONCLUSIVE,), "")
    n = min(point.summary.n for point in found.published)
    enough = enough_seeds(n)
    verdicts = tuple(decide(supported=holds and enough, refuted=enough) for holds in inside)
    text = (
        f"{sum(inside)} of the article's {len(inside)} accuracies fall inside our 95 % prediction"
        f" interval, n = {n}"
    )
    first = "; ".join(
        f"{100 * point.summary.mean:.1f} % here and {100 * point.published:.1f} % in the article"
        f" for “{arm_title(found.study, point.label)}”"
        for point in found.published
        if (point.split, point.epoch, point.inside) == ("validation", 1, False)
    )
    return Part(asked, verdicts, text + f". After epoch 1: {first}" * bool(first))
