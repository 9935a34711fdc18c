"""Two arms compared image by image, by their predictions for the test file."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bnbench.config import PlannedContrast
from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun
from bnbench.findings.results import TestPredictions
from bnbench.findings.study_runs import ArmRuns, StudyRuns
from bnbench.statistics import mcnemar, two_level_bootstrap

BOOTSTRAP_SEED = 0

Predictions = NDArray[np.uint8]


def compare_predictions(runs: StudyRuns) -> list[TestPredictions]:
    """Compare the test predictions of every planned contrast on accuracy that has kept them.

    A contrast on ``test_accuracy``, or on ``validation_accuracy@last`` where the test file serves
    as validation. Seeds without ``test_predictions.npy`` are left out; a diverged run, which has
    none, takes part with the commonest digit as its prediction for every image: at chance.
    """
    compared = (_compare(planned, runs) for planned in runs.study.contrasts)
    return [found for found in compared if found is not None]


def _compare(planned: PlannedContrast, runs: StudyRuns) -> TestPredictions | None:
    arms = runs.arms[planned.treatment], runs.arms[planned.baseline]
    if not _is_of_test_file(planned, arms):
        return None
    shared = sorted(arms[0].runs.keys() & arms[1].runs.keys())
    seeds = [seed for seed in shared if all(_has_predictions(arm.runs[seed]) for arm in arms)]
    labels = _labels([arm.runs[seed] for arm in arms for seed in seeds])
    if labels is None:
        return None
    treatment, baseline = (
        np.stack([_classes(arm.runs[seed], labels) for seed in seeds])  # (S, N)
        for arm in arms
    )
    return TestPredictions(
        contrast=planned.name,
        per_seed={
            seed: mcnemar(treated, base, labels)
            for seed, treated, base in zip(seeds, treatment, baseline, strict=True)
        },
        two_level=two_level_bootstrap(treatment == labels, baseline == labels, seed=BOOTSTRAP_SEED),
    )


def _is_of_test_file(planned: PlannedContrast, arms: Iterable[ArmRuns]) -> bool:
    metrics = {metric.text for metric in planned.metrics}
    serves = all(arm.experiment.data.split == "published" for arm in arms)
    return "test_accuracy" in metrics or (serves and "validation_accuracy@last" in metrics)


def _has_predictions(run: FinishedRun) -> bool:
    return run.diverged or run.run.predictions.exists()


def _labels(runs: Iterable[FinishedRun]) -> Predictions | None:
    """Read the labels that all runs agree on; ``None`` where no run knows them."""
    knowing = [run for run in runs if not run.diverged]
    for run in knowing[1:]:
        if not np.array_equal(run.predictions[0], knowing[0].predictions[0]):
            raise BnbenchError(
                f"{run.run.predictions}: has other labels than {knowing[0].run.predictions};"
                " train both from the same files"
            )
    return knowing[0].predictions[0] if knowing else None


def _classes(run: FinishedRun, labels: Predictions) -> Predictions:
    commonest = np.full_like(labels, np.bincount(labels).argmax())
    return commonest if run.diverged else run.predictions[1]
