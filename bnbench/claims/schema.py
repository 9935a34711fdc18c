"""What a claim is: a published statement as data, and how runs are to judge it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field, PrivateAttr, TypeAdapter, model_validator

from bnbench.claims.rules import RULES, ClaimTest
from bnbench.claims.rules.rule import Text
from bnbench.config.places import place_of
from bnbench.config.schema import Settings

if TYPE_CHECKING:
    AnyTest = ClaimTest
else:  # as many kinds as there are rules, told apart by the rule's name
    AnyTest = Annotated[Union[tuple(dict.fromkeys(RULES.values()))], Field(discriminator="rule")]  # noqa: UP007

ANY_TEST: TypeAdapter[ClaimTest] = TypeAdapter(AnyTest)

Place = Callable[[str], str]
"""Says where a key of a test was written, as ``file:line:column: key``; of ``""``, the test."""


class Claim(Settings):
    """A statement of an article, in this project's words."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]*$")]
    article: Text
    claim: Text
    claimed: Text
    """The published number or direction, in a few words."""
    chosen: Text | None = None
    """What is tested, where the words allow more than one test, and why."""
    tests: Annotated[tuple[AnyTest, ...], Field(strict=False)] = ()
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
        """Where `key` (dotted, of the claim) was written, as ``file:line:column: key``."""
        full = ".".join(filter(None, (self._key, key)))
        return place_of(self._places, full, self.id)

    def place_of_test(self, position: int) -> Place:
        """Where the keys of one of the tests were written."""
        return lambda key: self.place(".".join(filter(None, (f"tests.{position}", key))))


class ClaimFile(Settings):
    """``bnbench/claims/articles/<article>.yaml``, or the ``claims:`` of a study's file."""

    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()
