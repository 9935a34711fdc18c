"""The figures that a report draws of a study, and which of them a study has."""

from __future__ import annotations

from collections.abc import Callable

from bnbench.config.metric import Metric
from bnbench.config.study import Study
from bnbench.errors import BnbenchError
from bnbench.registry import unknown

FIGURES = {
    "paired": "a contrast in levels, such as test_accuracy, besides those over a grid",
    "curves": "a contrast of two experiments without a grid",
    "sweep": "a contrast in levels over a grid",
    "published": "an experiment whose config names a published curve",
    "ladder": "a ladder",
    "effects": "a ladder",
    "contour": "a contrast of two experiments with the probe surface",
    "distributions": "a contrast of two experiments with the probe activations",
    "envelope": "a contrast of two experiments with the probe landscape",
}
"""Kind -> what in a study it is drawn of."""


def check_figures(study: Study, place: Callable[[str], str]) -> None:
    """Check the figures that a study chooses.

    Parameters
    ----------
    study : Study
    place : callable
        Says where a key of the study's file stands.

    Raises
    ------
    BnbenchError
        With one line a problem: a kind that there is not, that the study cannot have, or that
        stands there twice.
    """
    kinds = study.figures or ()
    problems = [
        problem
        for position, kind in enumerate(kinds)
        if (problem := _problem(study, kind, kinds[:position], place(f"figures.{position}")))
    ]
    if problems:
        raise BnbenchError(*problems)


def _problem(study: Study, kind: str, before: tuple[str, ...], place: str) -> BnbenchError | None:
    if kind not in FIGURES:
        return unknown("figure", kind, FIGURES, place)
    if kind in before:
        return BnbenchError(f"{place}: {kind} stands here a second time; remove one")
    if not _HAS[kind](study):
        return BnbenchError(
            f"{place}: the study has no {kind} figure, which is of {FIGURES[kind]}; leave it out"
        )
    return None


def _has_paired(study: Study) -> bool:
    of_pairs = [one.metrics for one in study.contrasts if "@" not in one.name]
    return any(map(_any_level, [*of_pairs, *(one.metrics for one in study.best)]))


def _has_curves(study: Study) -> bool:
    pairs = [(one.treatment, one.baseline) for one in study.contrasts]
    return any(not study.arms[one].point and not study.arms[other].point for one, other in pairs)


def _has_sweep(study: Study) -> bool:
    return any("@" in one.name and _any_level(one.metrics) for one in study.contrasts)


def _has_published(study: Study) -> bool:
    return any(one.published is not None for one in study.experiments)


def _has_ladder(study: Study) -> bool:
    return study.ladder is not None


def _has_probe(study: Study, kind: str) -> bool:
    looked_into = {
        label
        for label, arm in study.arms.items()
        if any(probe.kind == kind for probe in arm.experiment.probes)
    }
    return any({one.treatment, one.baseline} <= looked_into for one in study.contrasts)


def _any_level(metrics: tuple[Metric, ...]) -> bool:
    return any(metric.quantity.kind == "level" for metric in metrics)


_HAS: dict[str, Callable[[Study], bool]] = {
    "paired": _has_paired,
    "curves": _has_curves,
    "sweep": _has_sweep,
    "published": _has_published,
    "ladder": _has_ladder,
    "effects": _has_ladder,
    "contour": lambda study: _has_probe(study, "surface"),
    "distributions": lambda study: _has_probe(study, "activations"),
    "envelope": lambda study: _has_probe(study, "landscape"),
}
