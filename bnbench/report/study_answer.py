"""The answer to a study's question, part by part, from its numbers alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bnbench.claims import ClaimTest, Outcome, Verdict, asked, find, judge_test
from bnbench.claims.deciding import enough_seeds
from bnbench.config import Study, parse_metric
from bnbench.config.label import Label
from bnbench.config.study_schema import StudyAsk
from bnbench.findings.results import Finding, StudyFindings
from bnbench.report.names import arm_title, grid_of, spoken

LISTED = 2
"""So many numbers of one part are all given; of more, the largest."""

YES, NO, IN_PART, NOT_DECIDED = "yes", "no", "in part", "not decided"
DIFFERENCE = {YES: "different", NO: "equivalent", IN_PART: "different in part"}
"""Of a part that asks for no direction, as those do that a study without `asks` gets."""
WORDS = {Verdict.SUPPORTED: YES, Verdict.REFUTED: NO, Verdict.INCONCLUSIVE: NOT_DECIDED}


@dataclass(frozen=True)
class Part:
    """One part of an answer: yes, no, in part or not decided, and what was found."""

    says: str
    word: str
    found: str
    rule: str = ""

    @property
    def said(self) -> str:
        """The word, as the part's rule has it."""
        return _as_asked(self.word, self.rule)


@dataclass(frozen=True)
class Piece:
    """One test of a part; without an outcome it has not been run."""

    test: ClaimTest
    outcome: Outcome | None
    finding: Finding | None

    @property
    def word(self) -> str:
        """Yes, no or not decided."""
        return WORDS[self.outcome.verdict] if self.outcome else NOT_DECIDED

    @property
    def size(self) -> float:
        """How large the effect is, to name the largest of many; 0 where it has no size."""
        if self.finding is None:
            return 0.0
        if self.finding.contrast is not None:
            return abs(self.finding.contrast.mean_difference)
        ratio = self.finding.speed_up.ratio if self.finding.speed_up else 1.0
        return abs(math.log(ratio)) if 0 < ratio < math.inf else 0.0


def answer(found: StudyFindings) -> str:
    """Answer a study's question in a word or two, then each part of it in a sentence.

    A part is yes where every test of it is supported and no where every one is refuted, by the
    rules and the fewest seeds of claims; in part where some are supported; else not decided.
    """
    parts = [_part(found, ask, tests) for ask, tests in asked(found.study).items()]
    parts = [part for part in parts if part.found]
    if not parts:
        return "Not decided: its runs allow no comparison yet."
    lead = _together([part.word for part in parts]).capitalize()
    if len(parts) == 1 and found.study.asks:
        return f"{lead}, {parts[0].says}: {parts[0].found}."
    sentences = [f"{part.says}, {part.said}: {part.found}." for part in parts]
    leading = [f"{lead}."] if found.study.asks else []
    return " ".join([*leading, *(line[0].upper() + line[1:] for line in sentences)])


def _as_asked(word: str, rule: str) -> str:
    return DIFFERENCE.get(word, word) if rule == "different" else word


def _together(words: Sequence[str]) -> str:
    if set(words) in ({YES}, {NO}):
        return words[0]
    return IN_PART if {YES, IN_PART} & set(words) else NOT_DECIDED


def _part(found: StudyFindings, ask: StudyAsk, tests: Sequence[ClaimTest]) -> Part:
    if not tests:
        return _published(found, ask)
    pieces = [Piece(test, judge_test(test, found), find(test, found)) for test in tests]
    word = _together([piece.word for piece in pieces])
    if not any(piece.outcome for piece in pieces):
        return Part(ask.says, word, "", ask.yes)
    of = _shared_metric(pieces)
    few = len(pieces) <= LISTED
    text = _each(found.study, pieces, of, word) if few else _most(found.study, pieces, of)
    named = of + ":" * (len({test.contrast for test in tests}) > 1)
    return Part(ask.says, word, text if of in ask.says else f"{named} {text}", ask.yes)


def _each(study: Study, pieces: Sequence[Piece], of: str, word: str) -> str:
    """List every number, and say of each whatever the part's own word does not say of it."""
    rule = pieces[0].test.rule
    texts = [
        _number(study, piece, pieces, of, _remarks(piece.word, word, rule)) for piece in pieces
    ]
    n = sorted({piece.outcome.n for piece in pieces if piece.outcome})
    return f"{'; '.join(texts)}, n = {' and '.join(map(str, n))}"


def _remarks(word: str, of_part: str, rule: str) -> tuple[str, ...]:
    return () if word == of_part else (_as_asked(word, rule),)


def _most(study: Study, pieces: Sequence[Piece], of: str) -> str:
    """Count the tests by their outcome, and give the largest number of the first kind there is."""
    counts = Counter(piece.word for piece in pieces)
    kinds = [word for word in (YES, NO, NOT_DECIDED) if counts[word]]
    several = [f"{_as_asked(word, pieces[0].test.rule)} at {counts[word]}" for word in kinds]
    counted = (
        f"{', '.join(several)} of {len(pieces)}" if len(kinds) > 1 else f"at all {len(pieces)}"
    )
    run = [piece for piece in pieces if piece.word == kinds[0] and piece.outcome]
    if not run:
        return counted
    chosen = max(run, key=lambda piece: piece.size)
    assert chosen.outcome is not None
    number = _number(study, chosen, pieces, of, ())
    return (
        f"{counted}, {'the largest' if chosen.size else 'such as'} {number}, n = {chosen.outcome.n}"
    )


def _number(
    study: Study, piece: Piece, pieces: Sequence[Piece], of: str, remarks: tuple[str, ...]
) -> str:
    """Write one number, after what its piece of the part is and before what is to be said of it."""
    metric = parse_metric(piece.test.metric).title if piece.test.metric else ""
    words = [_where(study, piece, pieces), metric.removeprefix(of).strip()]
    if piece.outcome is None:
        return " ".join(filter(None, [*words, "not run"]))
    told = ", ".join(filter(None, [*remarks, piece.outcome.how]))
    return " ".join(filter(None, [*words, piece.outcome.estimate, told and f"({told})"]))


def _shared_metric(pieces: Sequence[Piece]) -> str:
    """Find the words that the metrics of all pieces begin with, which need be said only once."""
    metrics = [parse_metric(piece.test.metric) for piece in pieces if piece.test.metric]
    for titles in ([one.title for one in metrics], [one.quantity.title for one in metrics]):
        if len(set(titles)) == 1:
            return titles[0]
    return ""


def _where(study: Study, piece: Piece, pieces: Sequence[Piece]) -> str:
    """Name the contrast and its point, where a part has several."""
    names = {one.test.contrast or "" for one in pieces}
    group, point = Label.parse(piece.test.contrast or "")
    words = [spoken(group)] if len({Label.parse(name).group for name in names}) > 1 else []
    if group == "switch" and study.ladder is not None:
        words.append(f"by “{study.ladder.switches[point]}”")
    elif point and len(names) > 1 and piece.finding is not None:
        keys = study.grid_keys[grid_of(piece.finding)]
        values = zip(keys, point.split(","), strict=True)
        words.append(f"at {', '.join(f'{_last(key)} {value}' for key, value in values)}")
    return f"{' '.join(words)}:" if words else ""


def _last(key: str) -> str:
    return spoken(key.rpartition(".")[2])


def _published(found: StudyFindings, ask: StudyAsk) -> Part:
    """Count the published accuracies that lie where one further run would."""
    inside = [point.inside for point in found.published if point.summary.n > 1]
    if not inside:
        return Part(ask.says, NOT_DECIDED, "")
    n = min(point.summary.n for point in found.published)
    word = _together([YES if one else NO for one in inside]) if enough_seeds(n) else NOT_DECIDED
    text = f"{sum(inside)} of {len(inside)} published accuracies lie where one further run would"
    first = "".join(
        f"; “{arm_title(found.study, point.label)}” has {100 * point.summary.mean:.1f} % after"
        f" epoch 1 where the article's figure reads {100 * point.published:.1f} %"
        for point in found.published
        if (point.split, point.epoch, point.inside) == ("validation", 1, False)
    )
    return Part(ask.says, word, f"{text}, n = {n}{first}")
