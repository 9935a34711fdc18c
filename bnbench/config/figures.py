"""The figures that a report draws of a study, and which of them a study has."""

from __future__ import annotations

from collections.abc import Callable

from bnbench.config.label import Label
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
    """Refuse kinds of figure that do not exist, that the study cannot have, or that stand twice.

    Parameters
    ----------
    place : callable
        Says where a key of the study's file stands.
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
    own = study.contrasts if study.ladder else study.planned
    of_pairs = [one.metrics for one in own if not Label.parse(one.name).point]
    return any(map(_any_level, [*of_pairs, *(one.metrics for one in study.best)]))


def _has_curves(study: Study) -> bool:
    def is_alone(label: str) -> bool:
        return not study.arms[label].point

    return any(
        is_alone(contrast.treatment) and is_alone(contrast.baseline) for contrast in study.contrasts
    )


def _has_sweep(study: Study) -> bool:
    return any(Label.parse(one.name).point and _any_level(one.metrics) for one in study.contrasts)


def _has_published(study: Study) -> bool:
    return any(experiment.published is not None for experiment in study.experiments)


def _has_ladder(study: Study) -> bool:
    return study.ladder is not None


def _has_probe(study: Study, kind: str) -> bool:
    looked_into = {
        label
        for label, arm in study.arms.items()
        if any(probe.kind == kind for probe in arm.experiment.probes)
    }
    return any(
        {contrast.treatment, contrast.baseline} <= looked_into for contrast in study.contrasts
    )


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
