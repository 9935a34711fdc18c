"""What a results folder holds, told from the manifests alone."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bnbench.errors import BnbenchError, noted
from bnbench.foreign import unreadable
from bnbench.runs.directory import Run, no_run, opened_folder
from bnbench.runs.failure import has_failed
from bnbench.runs.manifest import Status

REPORT = "report.html"
"""What lies beside it are copies of runs; of a fresh clone, the thousands of the reference."""


@dataclass(frozen=True)
class ListedRun:
    """One run, as its manifest tells.

    Attributes
    ----------
    path : str
        Of its directory.
    experiment : str
        The folder that holds the seeds, seen from the results folder. Copies of one experiment
        in two folders stay apart.
    status : str
        See `bnbench.runs.Manifest`. ``running`` is also what a killed run's manifest says.
    failed : bool
        Whether it has finished, but its training failed; see `bnbench.runs.failure`.
    epochs : int or None
        Whole epochs that were done when it ended.
    validation_accuracy : float or None
        After the last of them, in [0, 1].
    ended : str or None
        UTC, ISO 8601.
    configuration : str
        Hash of its settings, the same for all seeds of an experiment that was not changed.
    """

    path: str
    experiment: str
    seed: int
    status: Status
    failed: bool
    epochs: int | None
    validation_accuracy: float | None
    device: str
    ended: str | None
    configuration: str = ""


@dataclass(frozen=True)
class ListedExperiment:
    """The runs of one experiment.

    Attributes
    ----------
    seeds : tuple of int
        Ascending.
    statuses : dict of str to int
        Status -> how many runs have it.
    failed : int
        How many have finished, but their training failed.
    epochs : int or None
        The most that a run had done when it ended.
    validation_accuracy : float or None
        Mean over the complete runs, each after its last epoch, in [0, 1]; none if they are of
        several configurations.
    ended : str or None
        The newest end, UTC, ISO 8601.
    configurations : int
        How many the runs have: more than one if settings were changed between them.
    """

    experiment: str
    seeds: tuple[int, ...]
    statuses: dict[str, int]
    failed: int
    epochs: int | None
    validation_accuracy: float | None
    devices: tuple[str, ...]
    ended: str | None
    configurations: int = 1


@dataclass(frozen=True)
class Overview:
    """What a folder holds.

    Attributes
    ----------
    runs : tuple of ListedRun
        In the order of experiments and seeds.
    problems : tuple of str
        One line a folder or a manifest that cannot be read, or does not say what bnbench writes.
    """

    runs: tuple[ListedRun, ...]
    problems: tuple[str, ...]

    @property
    def experiments(self) -> tuple[ListedExperiment, ...]:
        """The same runs, by experiment."""
        groups = groupby(self.runs, key=lambda run: run.experiment)
        return tuple(_together(name, tuple(runs)) for name, runs in groups)


def look_over(results: Path) -> Overview:
    """List the runs in a folder, however deep they lie, but for what a report in it keeps.

    Parameters
    ----------
    results : Path
        A results folder, or the folder of an experiment or of a run, packed or not.
    """
    results = opened_folder(results)
    runs: list[ListedRun] = []
    problems: list[str] = []
    for run in runs_below(results, problems):
        with noted(problems):
            runs.append(_listed(run, results))
    if not runs:
        raise BnbenchError(*problems) if problems else no_run(results)
    return Overview(tuple(sorted(runs, key=lambda run: (run.experiment, run.seed))), (*problems,))


def runs_below(results: Path, problems: list[str] | None = None) -> Iterator[Run]:
    """Find the runs in a folder, however deep they lie, but for what a report keeps.

    Hidden folders hold none. What may not be looked into is added to `problems`.
    """

    def closed(error: OSError) -> None:
        if problems is not None:
            problems.extend(unreadable(Path(error.filename), error).problems)

    for folder, subfolders, files in os.walk(results, onerror=closed):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        if REPORT in files and Path(folder) != results:
            subfolders.clear()
        if "manifest.json" in files:
            subfolders.clear()
            yield Run(Path(folder))


def _listed(run: Run, results: Path) -> ListedRun:
    manifest = run.read_manifest()
    folder = run.path.parent
    inside = folder != results and folder.is_relative_to(results)
    return ListedRun(
        path=str(run.path),
        experiment=(folder.relative_to(results).as_posix() if inside else manifest.experiment),
        seed=manifest.seed,
        status=manifest.status,
        failed=has_failed(manifest),
        epochs=manifest.final.epochs,
        validation_accuracy=manifest.final.validation_accuracy,
        device=manifest.machine.device,
        ended=manifest.ended,
        configuration=manifest.configuration_hash,
    )


def _together(name: str, runs: tuple[ListedRun, ...]) -> ListedExperiment:
    complete = [run.validation_accuracy for run in runs if run.status == "complete"]
    configurations = len({run.configuration for run in runs})
    known = complete if configurations == 1 else []
    return ListedExperiment(
        experiment=name,
        seeds=tuple(run.seed for run in runs),
        statuses=dict(sorted(Counter(run.status for run in runs).items())),
        failed=sum(run.failed for run in runs),
        epochs=max((run.epochs for run in runs if run.epochs is not None), default=None),
        validation_accuracy=_mean(accuracy for accuracy in known if accuracy is not None),
        devices=tuple(sorted({run.device for run in runs})),
        ended=max((run.ended for run in runs if run.ended), default=None),
        configurations=configurations,
    )


def _mean(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else None
