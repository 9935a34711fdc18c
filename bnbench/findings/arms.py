"""The runs to compare, grouped by experiment: which take part, which do not, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bnbench.errors import BnbenchError
from bnbench.findings.finished_run import FinishedRun, read_finished_run, why_unfinished
from bnbench.findings.published import replicated
from bnbench.findings.study_runs import ArmRuns, why_unpaired
from bnbench.runs import find_runs


def read_arms(paths: Iterable[Path]) -> tuple[list[ArmRuns], list[str]]:
    """Read the finished runs at or below each path.

    Refused are a path without a run, an experiment without a finished one, of two configurations,
    with one seed twice, or without a seed of the first; and runs of two datasets or splits.

    Parameters
    ----------
    paths : iterable of Path
        Folders of experiments or of runs; see `bnbench.runs.find_runs`.

    Returns
    -------
    arms : list of ArmRuns
        In the order in which their experiments came.
    notes : list of str
        One line a run that is left out, with the reason.
    """
    runs: dict[str, list[FinishedRun]] = {}
    left_out: dict[str, list[str]] = {}
    for run in find_runs(paths):
        manifest = run.read_manifest()
        if not manifest.finished:
            left_out.setdefault(manifest.experiment, []).append(str(why_unfinished(manifest)))
            continue
        runs.setdefault(manifest.experiment, []).append(read_finished_run(run, manifest))
    if unfinished := left_out.keys() - runs.keys():
        lines = [line for name in sorted(unfinished) for line in left_out[name]]
        raise BnbenchError("there is no finished run to compare:", *lines)
    arms = [_arm(group) for group in runs.values()]
    _check_same_data([run for arm in arms for run in arm.runs.values()])
    whys = [why_unpaired(arm.label, arm.runs, arms[0].label, arms[0].runs) for arm in arms[1:]]
    if problems := [why for why in whys if why]:
        raise BnbenchError(*problems)
    return arms, [line for lines in left_out.values() for line in lines]


def _arm(runs: Sequence[FinishedRun]) -> ArmRuns:
    """Group runs of one name, which must be of one configuration and of different seeds."""
    first, seeds = runs[0], dict[int, FinishedRun]()
    for run in runs:
        if run.manifest.configuration_hash != first.manifest.configuration_hash:
            raise BnbenchError(
                f"{run.run.config}: is another configuration of {run.manifest.experiment} than"
                f" {first.run.config}; give each a name (`experiment:`) of its own"
            )
        if (twin := seeds.setdefault(run.seed, run)) is not run:
            raise BnbenchError(
                f"{run.run.path}: is seed {run.seed} of {run.manifest.experiment} a second time,"
                f" after {twin.run.path}; give one of them"
            )
    by_seed = {seed: seeds[seed] for seed in sorted(seeds)}
    experiment = first.experiment
    return ArmRuns(experiment.experiment, experiment, by_seed, replicated(experiment))


def _check_same_data(runs: Sequence[FinishedRun]) -> None:
    """Refuse accuracies that are shares of different images."""
    for run in runs[1:]:
        for key in ("name", "sha256", "validation_examples", "validation_is_test_file"):
            value, first = (getattr(each.manifest.dataset, key) for each in (run, runs[0]))
            if value != first:
                raise BnbenchError(
                    f"{run.run.manifest}: dataset.{key}: is {value}, but {first} in"
                    f" {runs[0].run.manifest}; compare runs of one dataset and validation split"
                )
