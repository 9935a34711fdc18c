"""What a reader must know of a comparison besides its numbers: one line each."""

from __future__ import annotations

from collections.abc import Iterator

from bnbench.config import Metric
from bnbench.findings.levels import level_of
from bnbench.findings.results import Level
from bnbench.findings.study_runs import ArmRuns
from bnbench.words import listed_seeds


def reader_notes(metric: Metric, treatment: ArmRuns, baseline: ArmRuns) -> Iterator[str]:
    """Say what of two arms is not in their comparison on a metric, or is not alike."""
    for arm in (treatment, baseline):
        yield from _unknown(metric, arm)
    yield from _unpaired(level_of(treatment, metric), level_of(baseline, metric))
    if treatment.runs and baseline.runs:
        yield from _unlike(metric, treatment, baseline)


def _unknown(metric: Metric, arm: ArmRuns) -> Iterator[str]:
    """Say at which seeds an arm's metric is not known, or known less closely."""
    level = level_of(arm, metric)
    if not arm.runs:
        yield f"{arm.label} has no finished run"
    if unknown := sorted(arm.runs.keys() - level.values.keys()):
        yield f"not known of {arm.label}, {listed_seeds(unknown)} ({_why(metric)})"
    if level.at_first_look:
        yield (
            f"at least half of the runs of {arm.label} reached the threshold at their first"
            " evaluation, or before"
        )
    coarse = [seed for seed, run in arm.runs.items() if run.lacks_evaluations]
    if coarse and metric.quantity.source == "evaluations":
        yield (
            f"known only at the ends of the epochs of {arm.label}, {listed_seeds(coarse)}"
            " (evaluations.csv is missing)"
        )


def _why(metric: Metric) -> str:
    if metric.quantity.probe:
        return "its probe gives no number"
    return "its losses have not been kept" if metric.quantity.source == "losses" else "one epoch"


def _unpaired(treatment: Level, baseline: Level) -> Iterator[str]:
    """Say which seeds have no partner."""
    if not treatment.values or not baseline.values:
        return
    if not treatment.values.keys() & baseline.values.keys():
        yield "it is known of no seed that both have, so there is no difference"
        return
    for level, other in ((treatment, baseline), (baseline, treatment)):
        if alone := sorted(level.values.keys() - other.values.keys()):
            yield f"only {level.label} has {listed_seeds(alone)}, left out of the pairs"


def _unlike(metric: Metric, treatment: ArmRuns, baseline: ArmRuns) -> Iterator[str]:
    """Say in what the two are measured differently."""
    treated, base = treatment.experiment, baseline.experiment
    if treated.training.epochs != base.training.epochs:
        yield (
            f"{treatment.label} has {treated.training.epochs} epochs,"
            f" {baseline.label} {base.training.epochs}"
        )
    often = [arm.training.evaluate_every for arm in (treated, base)]
    if metric.quantity.source == "evaluations" and often[0] != often[1]:
        yield (
            f"{treatment.label} is evaluated {_every(often[0])},"
            f" {baseline.label} {_every(often[1])}"
        )
    kinds = treated.training.softmax_before_loss != base.training.softmax_before_loss
    if kinds and (metric.quantity.unit == "nats" or metric.quantity.source == "losses"):
        yield "a softmax stands in front of just one side's loss: losses of different kinds"
    for key, value, other in (
        ("dataset", treated.data.dataset, base.data.dataset),
        ("split", treated.data.split, base.data.split),
    ):
        if value != other:
            yield f"data.{key} is {value} in {treatment.label}, {other} in {baseline.label}"


def _every(steps: int | None) -> str:
    return "after each epoch only" if steps is None else f"every {steps} steps, too"
