"""The answer to a study's question, part by part, from its numbers alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bnbench.claims import ClaimTest, Outcome, Verdict, part_tests
from bnbench.claims.rules.deciding import enough_seeds
from bnbench.claims.verdict import decide, of_question
from bnbench.config import Study, parse_metric
from bnbench.config.label import Label
from bnbench.config.study_schema import QuestionPart
from bnbench.findings.results import Finding, StudyFindings
from bnbench.report.names import arm_title, lead_title, settings_at

LISTED = 3
"""So many numbers of one part are all given; of more, the largest."""


@dataclass(frozen=True)
class Answer:
    """A word or two, and a sentence a part of the question."""

    word: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One part of an answer: its verdict, and what was found, in words."""

    says: str
    verdict: Verdict
    found: str


@dataclass(frozen=True)
class Piece:
    """One test of a part; without an outcome it has not been run."""

    test: ClaimTest
    outcome: Outcome | None
    finding: Finding | None

    @property
    def verdict(self) -> Verdict:
        """Inconclusive where it has not been run."""
        return self.outcome.verdict if self.outcome else Verdict.INCONCLUSIVE

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

    The parts are put together by `bnbench.claims.verdict.of_question`.
    """
    parts = [
        (asked.yes, _part(found, asked, tests)) for asked, tests in part_tests(found.study).items()
    ]
    parts = [(rule, part) for rule, part in parts if part.found]
    if not parts:
        return Answer("Not decided.", ("Its runs allow no comparison yet.",))
    sentences = [
        f"{part.says}{f', {part.verdict.answer(rule)}' * (len(parts) > 1)}: {part.found}."
        for rule, part in parts
    ]
    lead = of_question(part.verdict for _, part in parts)
    word = lead.answer("" if found.study.answered_by else "different")
    return Answer(f"{word.capitalize()}.", tuple(line[0].upper() + line[1:] for line in sentences))


def _part(found: StudyFindings, asked: QuestionPart, tests: Sequence[ClaimTest]) -> Part:
    if not tests:
        return _published(found, asked)
    pieces = [
        Piece(test, test.judge(found),
              found.finding(test.names["contrast"], test.names.get("metric", "")))
        for test in tests
    ]  # fmt: skip
    verdict = of_question(piece.verdict for piece in pieces)
    if not any(piece.outcome for piece in pieces):
        return Part(asked.says, verdict, "")
    of = _shared_metric(pieces)
    said = of in asked.says
    if len(pieces) > LISTED:
        text = _most(found.study, pieces, of)
        return Part(asked.says, verdict, text if said else f"{of}: {text}")
    paired = any(piece.finding and piece.finding.contrast for piece in pieces)
    differs = bool(of) and not said and paired
    text = _each(found.study, pieces, of, verdict, "by " * differs)
    lead = "" if said else f"{of}{' differs' * differs}{':' * (len(pieces) > 1 and bool(of))} "
    return Part(asked.says, verdict, (lead + text).strip())


def _each(study: Study, pieces: Sequence[Piece], of: str, verdict: Verdict, by: str) -> str:
    """List every number, and say of each whatever the part's own word does not say of it."""
    texts = []
    for piece in pieces:
        remark = "" if piece.verdict is verdict else piece.verdict.answer(piece.test.rule)
        texts.append(_number(study, piece, pieces, of, remark, by))
    n = sorted({piece.outcome.n for piece in pieces if piece.outcome})
    return f"{'; '.join(texts)}, n = {' and '.join(map(str, n))}"


def _most(study: Study, pieces: Sequence[Piece], of: str) -> str:
    """Count the tests by their outcome, and give the largest number of the first kind there is."""
    counts = Counter(piece.verdict for piece in pieces)
    kinds = [verdict for verdict in Verdict if counts[verdict]]
    rule = pieces[0].test.rule
    first, *others = [(verdict.answer(rule), counts[verdict]) for verdict in kinds]
    whole = "all" if not others else f"{first[1]} of"
    noun = "settings" if len(_groups(pieces)) == 1 else "comparisons"
    counted = f"{first[0]} in {whole} {len(pieces)} {noun}"
    counted += "".join(f", {word} in {count}" for word, count in others)
    run = [piece for piece in pieces if piece.verdict is kinds[0] and piece.outcome]
    if not run:
        return counted
    chosen = max(run, key=lambda piece: piece.size)
    assert chosen.outcome is not None
    number = _number(study, chosen, pieces, of)
    which = "the largest," if chosen.size else "such as"
    return f"{counted}; {which} {number}, n = {chosen.outcome.n}"


def _number(
    study: Study,
    piece: Piece,
    pieces: Sequence[Piece],
    of: str,
    remark: str = "",
    by: str = "",
) -> str:
    """Write one number, after what its piece of the part is and before what is to be said of it."""
    metric = piece.test.names.get("metric")
    title = parse_metric(metric).title if metric else ""
    words = [_where(study, piece, pieces), title.removeprefix(of).strip()]
    if piece.outcome is None:
        return " ".join(filter(None, [*words, "not run"]))
    told = ", ".join(filter(None, [remark, piece.outcome.how]))
    return " ".join(filter(None, [*words, by + piece.outcome.estimate, told and f"({told})"]))


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
    if len({one.test.names["contrast"] for one in pieces}) == 1:
        return ""
    if len(_groups(pieces)) == 1 and piece.finding is not None:
        return f"{settings_at(study, piece.finding)}:"
    return f"{_pair(study, name)}:"


def _groups(pieces: Sequence[Piece]) -> set[str]:
    return {Label.parse(piece.test.names["contrast"]).group for piece in pieces}


def _pair(study: Study, name: str) -> str:
    """Name the arms of a contrast; of grids that a best is chosen from, without the points."""
    for planned in study.contrasts:
        if planned.name == name:
            labels = (planned.treatment, planned.baseline)
            return " against ".join(f"“{arm_title(study, label)}”" for label in labels)
    for change in study.changes:
        if change.name == name:
            return f"“{lead_title(change.after.name)}” against “{lead_title(change.before.name)}”"
    best = next(one for one in study.best if one.name == name)
    sides = (best.treatment[0], best.baseline[0])
    return " against ".join(f"“{study.arms[label].title}”" for label in sides)


def _published(found: StudyFindings, asked: QuestionPart) -> Part:
    """Count the published accuracies that lie where one further run would."""
    inside = [point.inside for point in found.published if point.summary.n > 1]
    if not inside:
        return Part(asked.says, Verdict.INCONCLUSIVE, "")
    n = min(point.summary.n for point in found.published)
    verdict = of_question(
        decide(supported=one and enough_seeds(n), refuted=enough_seeds(n)) for one in inside
    )
    text = (
        f"{sum(inside)} of the article's {len(inside)} accuracies fall inside our 95 % prediction"
        f" interval, n = {n}"
    )
    first = "".join(
        f"; after epoch 1, “{arm_title(found.study, point.label)}” reaches"
        f" {100 * point.summary.mean:.1f} % here and {100 * point.published:.1f} % in the article"
        for point in found.published
        if (point.split, point.epoch, point.inside) == ("validation", 1, False)
    )
    return Part(asked.says, verdict, text + first)
