"""What it would cost to decide what a study's runs leave undecided: questions, and claims."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from bnbench.claims.judging import Judgement
from bnbench.claims.questions import questions
from bnbench.claims.rules import ClaimTest
from bnbench.claims.rules.deciding import MOST, enough_seeds
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.find import findings_of
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.words import capitalized

COST_COLUMNS = (
    "claim", "aspect", "study", "so far", "seeds so far", "seeds in all", "hours on two cores",
)  # fmt: skip
WORD_COLUMNS = 4
"""Of these columns so many hold words, and the others numbers."""

CORES = 2


@dataclass(frozen=True)
class Cost:
    """An undecided question, and what its answer would take.

    Attributes
    ----------
    test : ClaimTest
        The question.
    outcome : Outcome
        What its runs say so far, with the seeds that it needs.
    seeds : float
        That its arms need in all: those, and the seeds that choose the points of a best against
        best. NaN where nobody can say how many, infinite where no number would do.
    seconds : float
        Of training, one run after the other, until they are there, or a thousand seeds; NaN or
        infinite likewise.
    """

    test: ClaimTest
    outcome: Outcome
    seeds: float
    seconds: float

    @property
    def seeds_text(self) -> str:
        """How many seeds, or why no number is named."""
        if math.isnan(self.seeds):
            return "not known"
        if math.isinf(self.seeds):
            return self.outcome.how or "no number of seeds would decide"
        if not enough_seeds(self.outcome.n):  # no spread to plan with
            return f"at least {self.seeds:.0f}"
        return f"{self.seeds:.0f}" if self.seeds <= MOST else f"more than {MOST:,}"

    def hours_text(self, runs_at_a_time: int) -> str:
        """How many hours, where the number of seeds is named."""
        if not math.isfinite(self.seeds):
            return ""
        hours = f"{max(0.1, self.seconds / runs_at_a_time / 3600):.1f}"
        if not enough_seeds(self.outcome.n):
            return f"at least {hours}"
        return hours if self.seeds <= MOST else f"more than {hours}"


def costs(runs: StudyRuns) -> tuple[Cost, ...]:
    """List the questions of a study that have runs and no answer, in its order.

    Their seconds are those of all arms of the study, which are run together.
    """
    found = findings_of(runs)
    judged = ((test, test.judge(found)) for test in questions(runs.study))
    return tuple(
        cost(runs, test, outcome, runs.arms)
        for test, outcome in judged
        if outcome.verdict is Verdict.INCONCLUSIVE
    )


def undecided(judgements: Iterable[Judgement], runs: Sequence[StudyRuns]) -> list[tuple[str, ...]]:
    """Tabulate the cells of `COST_COLUMNS`, a row an inconclusive aspect of a claim.

    The hours are those of the runs that its own arms lack.
    """
    by_name = {known.study.name: known for known in runs}
    return [
        _row(judgement, judgement.test, by_name[judgement.study])
        for judgement in judgements
        if judgement.outcome.verdict is Verdict.INCONCLUSIVE and judgement.test is not None
    ]


def _row(judgement: Judgement, test: ClaimTest, runs: StudyRuns) -> tuple[str, ...]:
    outcome = judgement.outcome
    found = f"{test.metric_title}: " * bool(test.metric_title)
    needs = cost(runs, test, outcome, _arms(runs, test))
    return (
        judgement.claim.id, test.aspect, judgement.study, capitalized(found + outcome.estimate),
        str(outcome.n), needs.seeds_text, needs.hours_text(CORES),
    )  # fmt: skip


def _arms(runs: StudyRuns, test: ClaimTest) -> Iterable[str]:
    """Label the arms whose runs a test takes."""
    study, names = runs.study, test.names
    if "arm" in names:
        return (names["arm"],)
    return study.comparison(names["contrast"]).arms


def cost(runs: StudyRuns, test: ClaimTest, outcome: Outcome, arms: Iterable[str]) -> Cost:
    """Say what it takes to decide a test, in runs of some arms.

    Each of the missing runs is as long as those of its arm that are there. An arm without runs is
    taken for an average one.
    """
    seeds = math.nan if outcome.needed is None else outcome.needed + _tuning_seeds(runs, test)
    if not math.isfinite(seeds):
        return Cost(test, outcome, seeds, seeds)
    once = {runs.arms[label].experiment.experiment: runs.arms[label] for label in arms}
    typical = fmean(map(_training_seconds, runs.runs))
    seconds = sum(_seconds_of(arm, min(seeds, MOST), typical) for arm in once.values())
    return Cost(test, outcome, seeds, seconds)


def _tuning_seeds(runs: StudyRuns, test: ClaimTest) -> int:
    """Count the seeds that choose and do not score; the usable range is of them, too."""
    best = [planned for planned in runs.study.best if planned.name == test.names.get("contrast")]
    return best[0].tuning_seeds if best and not test.of_best else 0


def _seconds_of(arm: ArmRuns, seeds: float, typical: float) -> float:
    each = fmean(map(_training_seconds, arm.runs.values())) if arm.runs else typical
    return max(0.0, seeds - len(arm.runs)) * each


def _training_seconds(run: FinishedRun) -> float:
    """Seconds of a run's epochs, evaluations included; of a stack, its share of them."""
    log = run.epoch_log
    return float(sum(log[of][: run.sound].sum() for of in ("train_seconds", "evaluation_seconds")))
