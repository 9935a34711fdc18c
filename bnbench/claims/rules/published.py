"""The rule of a number that was published from a single run."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bnbench.claims.rules.deciding import enough_seeds, too_few
from bnbench.claims.rules.rule import ClaimTest, LevelMetric, Text
from bnbench.claims.verdict import NOT_RUN, Outcome, Verdict, decide
from bnbench.config.schema import Float
from bnbench.findings import numbers
from bnbench.findings.results import StudyFindings
from bnbench.statistics import Interval


class Reproduced(ClaimTest):
    """That a published level, or a published difference of two single runs, is reproduced.

    Decided by the 95 % prediction interval, which says where one further run, or pair, may fall.
    Refuted where it does not contain the number. Supported where it does, with 6 seeds or more: the
    interval of fewer is so wide that it contains almost anything. Otherwise inconclusive, also
    where there is no interval, as for n = 1.
    """

    rule: Literal["reproduced"]
    study: Text
    contrast: Text | None = None
    arm: Text | None = None
    """Label of an arm: the number is a level, and not a difference."""
    metric: LevelMetric
    number: Float
    """As published, in the metric's unit: 0.01 is 1 pp."""
    rounding: Annotated[Float, Field(gt=0)] | None = None
    """Half a unit of the last digit that was published: the interval is so much wider. A level read
    off a figure has its reading error without it."""

    @model_validator(mode="after")
    def _one_subject(self) -> Reproduced:
        if (self.contrast is None) == (self.arm is None):
            raise ValueError("must name either a contrast or an arm")
        return self

    def judge(self, found: StudyFindings) -> Outcome:
        """Decide by the level's prediction interval, or the difference's."""
        if self.arm is not None:
            level = found.level(self.arm, self.metric)
            if level is None or (summary := level.summary) is None:
                return NOT_RUN
            unit, ends = level.unit, summary.prediction
            between = numbers.level_interval(ends, unit)
            texts = [numbers.level(value, unit) for value in (self.number, summary.mean)]
            return self._decide(summary.n, ends, f"run would fall in {between}", unit, *texts)
        finding = self.finding_in(found)
        if finding is None or finding.contrast is None or finding.prediction is None:
            return NOT_RUN
        unit, mean = finding.unit, finding.contrast.mean_difference
        ends = finding.prediction
        texts = [numbers.difference(value, unit) for value in (self.number, mean)]
        between = numbers.interval(ends, unit)
        return self._decide(finding.n, ends, f"pair of runs would fall in {between}", unit, *texts)

    def _decide(
        self, n: int, ends: Interval, predicted: str, unit: str, published: str, mean: str
    ) -> Outcome:
        rounded = f" ± {numbers.size(self.rounding, unit)}" if self.rounding else ""
        said, rest = f"{published}{rounded} published, {mean} here", f", n = {n}"
        if math.isnan(ends.low):
            alone, (_, needed) = ("one seed predicts no interval",), too_few(n)
            return Outcome(Verdict.INCONCLUSIVE, n, said, rest, caveats=alone, needed=needed)
        inside, enough = ends.widened(self.rounding or 0.0).contains(self.number), enough_seeds(n)
        verdict = decide(supported=inside and enough, refuted=not inside)
        predicts = f"one further {predicted} 95 times in 100"
        if inside and not enough:
            told, needed = too_few(n)
            return Outcome(verdict, n, said, rest, caveats=(predicts, *told), needed=needed)
        return Outcome(verdict, n, said, rest, reproduced=inside, caveats=(predicts,))
