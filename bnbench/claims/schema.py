"""What a claim is: a published statement as data, and how runs are to judge it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field, PrivateAttr, model_validator

from bnbench.config.schema import Float, Settings

Text = Annotated[str, Field(min_length=1)]
Place = Callable[[str], str]
"""Says where a key of a test was written, as ``file:line:column: key``; of ``""``, the test."""


class ClaimTest(Settings):
    """One aspect of a claim, with the rule that turns a study's finding into a verdict."""

    aspect: Text
    """Such as ``level``, ``direction`` or ``speed, each at its best rate``."""
    study: str = ""
    """Without ``_small``; empty where a check needs no study."""
    rule: str
    """See `bnbench.claims.RULES`."""
    contrast: str | None = None
    """As the study names it, ``name`` or ``name@point``."""
    arm: str | None = None
    """Label of one arm, where the rule is of a level and not of a difference."""
    check: str | None = None
    """Name of one of `bnbench.checks`, where the rule is of what is exact."""
    metric: str | None = None
    """One that the study measures for the contrast or the arm."""
    number: Float | None = None
    """The published number, or the threshold, in the metric's unit: 0.01 is 1 pp."""
    smallest_effect: Annotated[Float, Field(gt=0)] | None = None
    """Of interest, in the metric's unit; by default the one that the contrast declares."""

    @model_validator(mode="after")
    def _one_subject(self) -> ClaimTest:
        if self.check is None and (self.contrast is None) == (self.arm is None):
            raise ValueError("must name either a contrast or an arm")
        if self.check is not None and (self.contrast or self.arm or self.study):
            raise ValueError("a check stands for itself: leave out study, contrast and arm")
        if self.check is None and not self.study:
            raise ValueError("must name a study")
        return self


class Claim(Settings):
    """A statement of an article, in this project's words."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]
    article: Text
    claim: Text
    claimed: Text
    """The published number or direction, in a few words."""
    tests: Annotated[tuple[ClaimTest, ...], Field(strict=False)] = ()
    """Each has a verdict of its own."""
    needs: Text | None = None
    """The experiment that does not exist yet, for all of the claim or what `tests` leave of it."""
    not_testable: Text | None = None
    """Why no run of this project can judge it."""

    _places: dict[str, str] = PrivateAttr(default_factory=dict)
    _key: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _one_way(self) -> Claim:
        if bool(self.not_testable) == bool(self.tests or self.needs):
            raise ValueError("must have `tests`, `needs` or both, or else `not_testable` alone")
        return self

    def place(self, key: str = "") -> str:
        """Say where `key` (dotted, of the claim) was written, as ``file:line:column: key``."""
        nearest = full = ".".join(filter(None, (self._key, key)))
        while nearest and nearest not in self._places:
            nearest = nearest.rpartition(".")[0]
        return f"{self._places.get(nearest, self.id)}: {full}"

    def place_of_test(self, position: int) -> Place:
        """Say where the keys of one of the tests were written."""
        return lambda key: self.place(".".join(filter(None, (f"tests.{position}", key))))


class ClaimFile(Settings):
    """``bnbench/claims/articles/<article>.yaml``, or the ``claims:`` of a study's file."""

    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()
