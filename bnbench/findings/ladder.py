"""The ladder: what correcting each switch does to both arms, and to the difference of the two."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from bnbench.config import Ladder, Metric, PlannedContrast
from bnbench.config.study import SMALLEST_EFFECT
from bnbench.findings.contrasts import compare_levels, paired
from bnbench.findings.levels import level_of
from bnbench.findings.multiplicity import adjust
from bnbench.findings.results import Finding, LadderFindings, Level, Rung, SwitchEffect
from bnbench.findings.study_runs import StudyRuns
from bnbench.statistics import Contrast, median_time, summarize


def climb_ladder(runs: StudyRuns) -> LadderFindings | None:
    """Compare the recipes of a study's ladder, metric by metric.

    Raises
    ------
    BnbenchError
        As `bnbench.findings.measures.measure`.
    """
    ladder = runs.study.ladder
    if ladder is None:
        return None
    climbs = [_Climb(runs, ladder, metric) for metric in ladder.metrics]
    return LadderFindings(
        rungs=tuple(rung for climb in climbs for rung in climb.rungs()),
        effects=tuple(effect for climb in climbs for effect in climb.effects()),
        changes=tuple(
            adjust([change for climb in climbs for change in climb.changes(runs.study.name)])
        ),
    )


class _Climb:
    """A ladder on one metric."""

    def __init__(self, runs: StudyRuns, ladder: Ladder, metric: Metric) -> None:
        self.ladder = ladder
        self.metric = metric
        self.levels = {
            state.label: level_of(runs.arms[state.label], metric)
            for path in ladder.paths.values()
            for state in path.states.values()
        }

    def level(self, arm: str, corrected: Collection[str]) -> Level:
        return self.levels[self.ladder.paths[arm].at(corrected).label]

    def lead(self, corrected: Collection[str]) -> dict[int, float]:
        """Subtract the baseline from the treatment, seed by seed."""
        treatment = self.level(self.ladder.treatment, corrected).values
        baseline = self.level(self.ladder.baseline, corrected).values
        return {seed: treatment[seed] - baseline[seed] for seed in treatment if seed in baseline}

    def paired(self, here: dict[int, float], there: dict[int, float]) -> Contrast | None:
        return paired(self.metric, here, there) if here.keys() & there.keys() else None

    def rungs(self) -> Iterator[Rung]:
        switches = tuple(self.ladder.switches)
        for count in range(len(switches) + 1):
            corrected = switches[:count]
            treatment = self.level(self.ladder.treatment, corrected)
            baseline = self.level(self.ladder.baseline, corrected)
            difference = self.paired(treatment.values, baseline.values)
            yield Rung(corrected, self.metric, treatment, baseline, difference)

    def effects(self) -> Iterator[SwitchEffect]:
        switches = tuple(self.ladder.switches)
        for place, switch in enumerate(switches):
            others = [other for other in switches if other != switch]
            for where, before in (("rung", switches[:place]), ("alone", ()), ("last", others)):
                yield self.effect(switch, where, before)

    def effect(self, switch: str, where: str, before: Collection[str]) -> SwitchEffect:
        """Correct one switch, given those that are corrected already."""
        after = [*before, switch]
        treatment, baseline = (
            self.paired(self.level(arm, after).values, self.level(arm, before).values)
            if switch in self.ladder.paths[arm].switches
            else None
            for arm in (self.ladder.treatment, self.ladder.baseline)
        )
        difference = self.paired(self.lead(after), self.lead(before))
        return SwitchEffect(switch, where, self.metric, treatment, baseline, difference)

    def changes(self, study: str) -> Iterator[Finding]:
        """Compare the lead before and after, over the whole ladder and rung by rung."""
        for name, (before, after) in self.ladder.changes.items():
            here, there = self.lead_level(after), self.lead_level(before)
            group = name.partition("@")[0]
            planned = PlannedContrast(
                name, group, here.label, there.label, (self.metric,), SMALLEST_EFFECT, False
            )
            yield compare_levels(study, planned, here, there)

    def lead_level(self, corrected: Collection[str]) -> Level:
        """Give the lead as a level of its own: nothing published, nothing that can diverge."""
        values = self.lead(corrected)
        summary = summarize(list(values.values())) if values else None
        return Level(
            label="+".join(["lead", *corrected]),
            metric=self.metric,
            values=values,
            diverged=(),
            summary=summary,
            median=median_time(list(values.values())) if values else math.nan,
            published=None,
        )
