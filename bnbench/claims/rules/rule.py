"""What a rule is: the keys of a claim's test, and how it judges what a study found."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, get_args

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from bnbench.claims.verdict import NOT_RUN, Outcome
from bnbench.config import parse_metric
from bnbench.config.problems import SAID
from bnbench.config.schema import Settings
from bnbench.errors import BnbenchError
from bnbench.findings.results import Finding, StudyFindings
from bnbench.metrics import Kind
from bnbench.registry import Registry

NAMES = ("study", "contrast", "arm", "check", "metric")
"""Keys by which a test names what a study has, or a check."""

Text = Annotated[str, Field(min_length=1)]


class ClaimTest(Settings):
    """One aspect of a claim, with the rule that turns what a study found into a verdict.

    A rule is a subclass in a file of this folder: its fields are the keys that its tests may have,
    the values of its ``rule`` are the names by which claims ask for it, and `judge` decides.
    """

    aspect: Text
    """Such as ``level``, ``direction`` or ``speed, each at its best rate``."""
    rule: str

    of_best: ClassVar[bool] = False
    """Whether its contrast must be a best against best."""

    @property
    def names(self) -> dict[str, str]:
        """What the test names, by its key; see `NAMES`."""
        return {key: getattr(self, key) for key in NAMES if getattr(self, key, None)}

    @property
    def metric_title(self) -> str:
        """Of its metric, for people; empty without one."""
        metric = self.names.get("metric")
        return parse_metric(metric).title if metric else ""

    def finding_in(self, found: StudyFindings) -> Finding | None:
        """What a study found in the contrast and the metric that the test names."""
        return found.finding(self.names.get("contrast", ""), self.names.get("metric", ""))

    def judge(self, found: StudyFindings) -> Outcome:
        """Decide; `NOT_RUN` where the study measured nothing that the test is of."""
        raise NotImplementedError

    @classmethod
    def __pydantic_init_subclass__(cls, **settings: Any) -> None:
        """Enter the rule by each of its names."""
        super().__pydantic_init_subclass__(**settings)
        for name in get_args(cls.model_fields["rule"].annotation):
            RULES.add(name, cls)


RULES = Registry[type[ClaimTest]]("rule")


class OfContrast(ClaimTest):
    """A rule of a contrast on one metric."""

    study: Text
    """Without ``_small``."""
    contrast: Text
    """As the study names it, ``name`` or ``name@point``."""
    metric: str

    def judge(self, found: StudyFindings) -> Outcome:
        """Decide by the contrast's finding."""
        finding = self.finding_in(found)
        return self.decide(finding) if finding is not None and finding.measured else NOT_RUN

    def decide(self, finding: Finding) -> Outcome:
        """Decide; the finding has been measured."""
        raise NotImplementedError


def metric_of(kind: Kind) -> Any:
    """The type of a key that names a metric of one kind."""

    def check(text: str) -> str:
        try:
            found = parse_metric(text).quantity.kind
        except BnbenchError as error:
            raise PydanticCustomError(SAID, "{words}", {"words": str(error)}) from None
        if found != kind:
            words = f"the rule is of a {kind}, and {text} is a {found}"
            raise PydanticCustomError(SAID, "{words}", {"words": words})
        return text

    return AfterValidator(check)


LevelMetric = Annotated[str, metric_of("level")]
TimeMetric = Annotated[str, metric_of("time")]
ShareMetric = Annotated[str, metric_of("share")]
