"""What it would cost to decide the questions of a study that its runs leave undecided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from bnbench.claims.questions import questions
from bnbench.claims.rules import ClaimTest
from bnbench.claims.verdict import Outcome, Verdict
from bnbench.findings.find import findings_of
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.study_runs import ArmRuns, StudyRuns


@dataclass(frozen=True)
class Cost:
    """An undecided question, and what its answer would take.

    Attributes
    ----------
    test : ClaimTest
        The question.
    outcome : Outcome
        What its runs say so far, with the seeds that it needs.
    seconds : float
        Of training, one run after the other, until every arm of the study has so many seeds. NaN
        where nobody can say how many, infinite where no number would do.
    """

    test: ClaimTest
    outcome: Outcome
    seconds: float


def costs(runs: StudyRuns) -> tuple[Cost, ...]:
    """List the questions of a study that have runs and no answer, in its order."""
    found = findings_of(runs)
    judged = ((test, test.judge(found)) for test in questions(runs.study))
    return tuple(
        Cost(test, outcome, _seconds(runs, outcome.needed))
        for test, outcome in judged
        if outcome.verdict is Verdict.INCONCLUSIVE
    )


def _seconds(runs: StudyRuns, seeds: float | None) -> float:
    """Seconds of the runs that are missing for so many seeds, as long as those that are there.

    An experiment without runs is taken for an average one.
    """
    if seeds is None or math.isinf(seeds):
        return math.nan if seeds is None else seeds
    arms = {arm.experiment.experiment: arm for arm in runs.arms.values()}
    typical = fmean(map(_training_seconds, runs.runs))
    return sum(_seconds_of(arm, seeds, typical) for arm in arms.values())


def _seconds_of(arm: ArmRuns, seeds: float, typical: float) -> float:
    each = fmean(map(_training_seconds, arm.runs.values())) if arm.runs else typical
    return max(0.0, seeds - len(arm.runs)) * each


def _training_seconds(run: FinishedRun) -> float:
    """Seconds of a run's epochs, evaluations included; of a stack, its share of them."""
    return float(run.epochs[["train_seconds", "evaluation_seconds"]].to_numpy().sum())
