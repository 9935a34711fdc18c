"""What a reader must know of a comparison besides its numbers: one line each."""

from __future__ import annotations

from collections.abc import Iterator

from bnbench.config import Metric
from bnbench.findings.levels import level_of
from bnbench.findings.results import Arm, Level, Note
from bnbench.findings.study_runs import ArmRuns
from bnbench.words import listed_seeds


def reader_notes(metric: Metric, treatment: ArmRuns, baseline: ArmRuns) -> Iterator[Note]:
    """Say what of two arms is not in their comparison on a metric, or is not alike."""
    for arm in (treatment, baseline):
        yield from _unknown(metric, arm)
    yield from _unpaired(level_of(treatment, metric), level_of(baseline, metric))
    if treatment.runs and baseline.runs:
        yield from _unlike(metric, treatment, baseline)


def _unknown(metric: Metric, arm: ArmRuns) -> Iterator[Note]:
    """Say at which seeds an arm's metric is not known, or known less closely."""
    level, label = level_of(arm, metric), Arm(arm.label)
    if not arm.runs:
        yield Note((label, " has no finished run"))
    if unknown := sorted(arm.runs.keys() - level.values.keys()):
        yield Note(("not measured for ", label, f", {listed_seeds(unknown)}"), _why(metric))
    if level.at_first_look:
        reached = " reached the threshold at their first evaluation, or before"
        yield Note(("at least half of the runs of ", label, reached))
    coarse = [seed for seed, run in arm.runs.items() if run.lacks_evaluations]
    if coarse and metric.quantity.source == "evaluations":
        known = "known only at the ends of the epochs of "
        yield Note((known, label, f", {listed_seeds(coarse)}"), "evaluations.csv is missing")


def _why(metric: Metric) -> str:
    if metric.quantity.probe:
        return "its probe gives no number"
    return "its losses have not been kept" if metric.quantity.source == "losses" else "one epoch"


def _unpaired(treatment: Level, baseline: Level) -> Iterator[Note]:
    """Say which seeds have no partner."""
    if not treatment.values or not baseline.values:
        return
    first, second = Arm(treatment.label), Arm(baseline.label)
    if not treatment.values.keys() & baseline.values.keys():
        known = " have no seed in common of which it is known, so there is no difference"
        yield Note((first, " and ", second, known))
        return
    for level, other in ((treatment, baseline), (baseline, treatment)):
        if alone := sorted(level.values.keys() - other.values.keys()):
            has = f" has {listed_seeds(alone)}, left out of its pairs with "
            yield Note(("only ", Arm(level.label), has, Arm(other.label)))


def _unlike(metric: Metric, treatment: ArmRuns, baseline: ArmRuns) -> Iterator[Note]:
    """Say in what the two are measured differently."""
    first, second = Arm(treatment.label), Arm(baseline.label)
    treated, base = treatment.experiment, baseline.experiment
    epochs = [arm.training.epochs for arm in (treated, base)]
    if epochs[0] != epochs[1]:
        yield Note((first, f" has {epochs[0]} epochs, ", second, f" {epochs[1]}"))
    often = [arm.training.evaluate_every for arm in (treated, base)]
    if metric.quantity.source == "evaluations" and often[0] != often[1]:
        every = [_every(steps) for steps in often]
        yield Note((first, f" is evaluated {every[0]}, ", second, f" {every[1]}"))
    softmax = [arm.training.softmax_before_loss for arm in (treated, base)]
    if softmax[0] != softmax[1] and (
        metric.quantity.unit == "nats" or metric.quantity.source == "losses"
    ):
        kinds = "a softmax stands in front of only one of the losses of "
        yield Note((kinds, first, " and ", second, ": they are of different kinds"))
    for key, value, other in (
        ("dataset", treated.data.dataset, base.data.dataset),
        ("split", treated.data.split, base.data.split),
    ):
        if value != other:
            yield Note((f"data.{key} is {value} in ", first, f", {other} in ", second))


def _every(steps: int | None) -> str:
    return "after each epoch only" if steps is None else f"every {steps} steps, too"
