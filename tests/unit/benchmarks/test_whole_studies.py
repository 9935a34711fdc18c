"""What studies without an effect are made of."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import whole_studies
from bnbench.findings import findings_of


def test_arms_of_a_study_without_an_effect_are_of_one_experiment_and_drawn_apart() -> None:
    runs = whole_studies.reference("headline")
    drawn = whole_studies.without_effect(runs, np.random.default_rng(0))
    for treatment, baseline in whole_studies.compared(runs):
        arms = drawn.arms[treatment], drawn.arms[baseline]
        (experiment,) = {run.experiment.experiment for arm in arms for run in arm.runs.values()}
        assert experiment in {runs.arms[one].experiment.experiment for one in (treatment, baseline)}
        seeds, others = ([run.seed for run in arm.runs.values()] for arm in arms)
        assert len(seeds) == len(others) == whole_studies.SEEDS
        assert seeds != others


def test_a_raised_treatment_differs_by_the_smallest_effect_more() -> None:
    runs = whole_studies.reference("headline")
    drawn = whole_studies.without_effect(runs, np.random.default_rng(0))
    pairs = zip(findings_of(drawn).contrasts, findings_of(whole_studies.raised(drawn)).contrasts,
                strict=True)  # fmt: skip
    levels = [(one, other) for one, other in pairs if one.contrast and other.contrast]
    assert len(levels) > 10
    for one, other in levels:
        assert one.contrast
        assert other.contrast
        grown = other.contrast.mean_difference - one.contrast.mean_difference
        assert grown == pytest.approx(one.smallest_effect or 0.0)
