"""The finished runs of a study: which take part, which are not there yet, and which are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bnbench.config import Experiment, Study, differing_recipe
from bnbench.errors import BnbenchError, noted
from bnbench.findings.finished_run import FinishedRun, read_finished_run, why_unfinished
from bnbench.findings.published import PublishedRun, replicated
from bnbench.findings.registration import Registration, read_registration
from bnbench.findings.results import Level, RunNote
from bnbench.runs import run_directory
from bnbench.words import counted, listed_seeds


@dataclass(frozen=True, eq=False)
class ArmRuns:
    """The finished runs of one arm of a study, or of one experiment that is compared.

    Attributes
    ----------
    label : str
        Of the arm in its study; the experiment's name where folders are compared.
    runs : dict of int to FinishedRun
        By seed, ascending; may be empty.
    published : PublishedRun or None
        The published run that the arm replicates.
    levels : dict of str to Level
        What has been measured of it, by the metric's text; see `bnbench.findings.levels`.
    """

    label: str
    experiment: Experiment
    runs: dict[int, FinishedRun]
    published: PublishedRun | None
    levels: dict[str, Level] = field(default_factory=dict, init=False, repr=False)

    @property
    def first(self) -> FinishedRun:
        """The run of the smallest seed, where there is one."""
        return next(iter(self.runs.values()))

    def images(self, split: str) -> int:
        """How many images an accuracy on a split is a share of."""
        return self.first.manifest.dataset.examples(split)

    def only(self, seeds: Collection[int]) -> ArmRuns:
        """Leave out the runs of other seeds."""
        return replace(self, runs={seed: self.runs[seed] for seed in self.runs if seed in seeds})


@dataclass(frozen=True, eq=False)
class StudyRuns:
    """The runs that a study finds.

    Attributes
    ----------
    arms : dict of str to ArmRuns
        By label, every arm of the study; two labels of one experiment share its runs.
    missing : tuple of RunNote
        Runs that are not there or did not finish.
    registration : Registration or None
        What the study asked before its first run, if that was written down.
    """

    study: Study
    arms: dict[str, ArmRuns]
    missing: tuple[RunNote, ...]
    registration: Registration | None = None

    @property
    def runs(self) -> list[FinishedRun]:
        """Every run once."""
        by_path = {run.run.path: run for arm in self.arms.values() for run in arm.runs.values()}
        return list(by_path.values())


def read_study(study: Study, results: Path) -> StudyRuns:
    """Read the finished runs of a study.

    Refused is a run of another configuration, foreign, edited or half-written, or made from other
    data than the first of its data set; and a contrast whose arms have runs, but share no seed.

    Parameters
    ----------
    results : Path
        The folder whose ``<experiment>/seed-<n>`` are looked at, of the study's seeds alone.
    """
    registration = read_registration(study, results)
    if registration is not None and registration.any_time:
        study = replace(study, any_time=True)
    missing: list[RunNote] = []
    problems: list[str] = []
    read: dict[str, dict[int, FinishedRun]] = {}
    for experiment in study.experiments:
        found = read[experiment.experiment] = {}
        for seed in sorted(study.seeds):
            with noted(problems):
                run = _read(experiment, seed, results)
                if isinstance(run, FinishedRun):
                    found[seed] = run
                else:
                    missing.append(run)
    problems += _of_other_data(run for runs in read.values() for run in runs.values())
    problems += _without_pairs(study, read)
    if problems:
        raise BnbenchError(*_folded(problems))
    arms = {}
    for label, arm in study.arms.items():
        experiment, runs = arm.experiment, read[arm.experiment.experiment]
        arms[label] = ArmRuns(label, experiment, runs, replicated_in(study, experiment))
    return StudyRuns(study, arms, tuple(missing), registration)


def _folded(problems: Iterable[str]) -> Iterator[str]:
    """Say once what is wrong with several runs: a study that was changed disowns all it has."""
    files: dict[str, list[str]] = {}
    for problem in problems:
        file, _, why = problem.partition(": ")
        files.setdefault(why, []).append(file)
    for why, (first, *others) in files.items():
        also = f" (and {counted(len(others), 'other file')})" if others else ""
        yield f"{first}: {why}{also}"


def _read(experiment: Experiment, seed: int, results: Path) -> FinishedRun | RunNote:
    """Read one run, or say why it takes no part."""
    run = run_directory(results, experiment, seed)
    if unclaimed := run.unclaimed():
        raise BnbenchError(
            f"{run.path}: has no manifest.json, but {', '.join(unclaimed)}; move them away, or put"
            " it back"
        )
    if not run.manifest.exists():
        return RunNote(experiment.experiment, seed, "missing; `bnbench reproduce` runs it")
    manifest = run.read_manifest()
    if (manifest.experiment, manifest.seed) != (experiment.experiment, seed):
        raise BnbenchError(
            f"{run.manifest}: is of {manifest.experiment}, seed {manifest.seed}, not of"
            f" {experiment.experiment}, seed {seed}; move the run to its own folder"
        )
    if not manifest.finished:
        return why_unfinished(manifest)
    finished = read_finished_run(run, manifest)
    if differing := differing_recipe(finished.experiment, experiment):
        raise BnbenchError(
            f"{run.config}: is of another configuration than the study's"
            f" ({'; '.join(differing)}); give another --results folder"
        )
    return finished


def _of_other_data(runs: Iterable[FinishedRun]) -> Iterator[str]:
    """Name the runs whose data set's files are not those of the first run of that data set."""
    first: dict[str, FinishedRun] = {}
    for run in runs:
        dataset = run.manifest.dataset
        other = first.setdefault(dataset.name, run)
        if dataset.sha256 != other.manifest.dataset.sha256:
            yield (
                f"{run.run.manifest}: dataset.sha256: is not that of {other.run.manifest};"
                " train both from the same files"
            )


def _without_pairs(study: Study, read: Mapping[str, Collection[int]]) -> Iterator[str]:
    """Name the contrasts whose runs, by experiment and seed, make no pair."""
    named = {planned.labels: planned.name for planned in study.contrasts}
    for (treatment, baseline), name in named.items():
        treatment_seeds, baseline_seeds = (
            read[study.arms[label].experiment.experiment] for label in (treatment, baseline)
        )
        if why := why_unpaired(treatment, treatment_seeds, baseline, baseline_seeds):
            yield f"{study.path}: contrasts.{name}: {why}: bnbench reproduce {study.path}"


def why_unpaired(
    treatment: str,
    treatment_seeds: Collection[int],
    baseline: str,
    baseline_seeds: Collection[int],
) -> str | None:
    """Say why the finished runs of two arms make no pair, and what makes some.

    Nothing where a seed is shared, and where an arm has no run yet: that is not run, not mixed up.
    """
    if not treatment_seeds or not baseline_seeds or set(treatment_seeds) & set(baseline_seeds):
        return None
    return (
        f"{treatment} has {listed_seeds(treatment_seeds)},"
        f" {baseline} has {listed_seeds(baseline_seeds)}: none is shared,"
        " so there is no difference; run both with the same seeds"
    )


def replicated_in(study: Study, experiment: Experiment) -> PublishedRun | None:
    """Find what an arm of a study replicates: nothing, if the study has changed its recipe.

    Such an arm has a name of its own, which begins with the study's.
    """
    changed = experiment.experiment.startswith(f"{study.name}/")
    return None if changed else replicated(experiment)
