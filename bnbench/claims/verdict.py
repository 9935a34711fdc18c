"""One vocabulary of outcomes: the verdicts, the words for them, and how several make one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What the runs say of a claim, or of a question.

    ``NOT TESTABLE``: no run of this project can say anything. ``OPEN``: one could, but it has
    not been made, or the experiment does not exist yet. ``MIXED`` is of several outcomes together:
    some are supported and others are not.
    """

    SUPPORTED = "SUPPORTED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_TESTABLE = "NOT TESTABLE"
    OPEN = "OPEN"
    MIXED = "MIXED"

    @property
    def word(self) -> str:
        """The verdict on a claim, in small letters."""
        return self.value.lower()

    def answer(self, rule: str = "") -> str:
        """The verdict as an answer to a question that is asked by a rule.

        Whether two arms are different is answered by ``different`` or ``equivalent``; every other
        question by ``yes`` or ``no``.
        """
        by_rule = DIFFERENCES if rule == "different" else {}
        return by_rule.get(self, ANSWERS[self])


ANSWERS = {
    Verdict.SUPPORTED: "yes",
    Verdict.REFUTED: "no",
    Verdict.INCONCLUSIVE: "not decided",
    Verdict.NOT_TESTABLE: "not testable",
    Verdict.OPEN: "open",
    Verdict.MIXED: "in part",
}
DIFFERENCES = {
    Verdict.SUPPORTED: "different",
    Verdict.REFUTED: "equivalent",
    Verdict.MIXED: "different in part",
}


DECIDED = frozenset({Verdict.SUPPORTED, Verdict.REFUTED})

AS_FAR = ", as far as decided"
"""Follows an answer to a question of which a part is not decided."""


@dataclass(frozen=True)
class Outcome:
    """What one rule says of one finding, or why it says nothing.

    Attributes
    ----------
    n : int
        Seeds behind it.
    estimate : str
        What was found, with its interval where it has one: ``+0.59 pp [+0.47, +0.71]``. Of an open
        one what is missing.
    rest : str
        What else it rests on, to follow the estimate: ``, n = 10``.
    caveats : tuple of str
        What has to be said besides, each a sentence: ``deciding takes at least 25 seeds``.
    how : str
        What the verdict alone leaves open: ``the other way round``, ``equivalent within 0.10 pp``;
        of an inconclusive one ``too few seeds``, or that the adjusted p alone holds it back.
    reproduced : bool or None
        Of a published number; ``None`` where the rule is of no such number.
    needed : float or None
        Of an inconclusive one, how many seeds it takes, 9 times in 10; infinite where no number
        would do, ``None`` where its rule cannot say.
    brief : str
        The estimate where there is little room; empty where `estimate` is short enough.
    """

    verdict: Verdict
    n: int
    estimate: str
    rest: str = ""
    how: str = ""
    reproduced: bool | None = None
    caveats: tuple[str, ...] = ()
    needed: float | None = field(default=None, compare=False)
    brief: str = field(default="", compare=False)

    @property
    def numbers(self) -> str:
        """All of it in one plain line: ``+0.59 pp [+0.47, +0.71], n = 10``."""
        return "; ".join([self.estimate + self.rest, *self.caveats])

    @property
    def why(self) -> str:
        """What the verdict leaves open: ``not reproduced``, or ``the other way round``."""
        return ", ".join(filter(None, [REPRODUCED[self.reproduced], self.how]))


REPRODUCED = {True: "reproduced", False: "not reproduced", None: ""}
NOT_RUN = Outcome(Verdict.OPEN, 0, "not run")


def decide(*, supported: bool, refuted: bool) -> Verdict:
    """The verdict of a rule, from its two conditions; every rule decides by this alone."""
    if supported:
        return Verdict.SUPPORTED
    return Verdict.REFUTED if refuted else Verdict.INCONCLUSIVE


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict of several: on a claim from its aspects', on a question from its tests'.

    ``MIXED`` where decided ones disagree. Else ``OPEN`` where one is open. Else ``SUPPORTED`` or
    ``REFUTED``, as all decided ones say. Without a decided one it is ``NOT TESTABLE`` or
    ``INCONCLUSIVE``.
    """
    found = set(verdicts)
    decided = found & DECIDED
    if len(decided) > 1:
        return Verdict.MIXED
    if Verdict.OPEN in found:
        return Verdict.OPEN
    if decided:
        return decided.pop()
    return Verdict.NOT_TESTABLE if found == {Verdict.NOT_TESTABLE} else Verdict.INCONCLUSIVE


def tally(verdicts: Iterable[Verdict]) -> dict[Verdict, int]:
    """How many there are of each verdict that there is, in the order of `Verdict`."""
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in Verdict if counts[verdict]}


def tally_text(verdicts: Iterable[Verdict]) -> str:
    """How many there are of each, in words: ``12 SUPPORTED, 1 OPEN``."""
    return ", ".join(f"{count} {verdict.value}" for verdict, count in tally(verdicts).items())


def answer_of(verdicts: Iterable[Verdict], rule: str = "") -> str:
    """The answer to a question by the verdicts of its tests: ``yes, as far as decided``.

    A sweep that is decided at two of nine settings must not read as a plain yes.
    """
    found = set(verdicts)
    verdict = together(found)
    return verdict.answer(rule) + AS_FAR * (verdict in DECIDED and found > {verdict})
