"""A run done again, and which of the promises hold between the two."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import torch

from bnbench.config import Experiment
from bnbench.errors import BnbenchError
from bnbench.runs import BatchRows, Run, read_batches, run_directory
from bnbench.training import load_weights, run_experiment
from bnbench.verification.difference import (
    Unequal,
    differing_facts,
    differing_numbers,
    first_difference,
)
from bnbench.verification.tolerance import within_tolerance


@dataclass(frozen=True)
class Rerun:
    """What came of doing a run again.

    Attributes
    ----------
    promise : str
        ``bitwise``: every number is the same, times apart; ``tolerance``: the first training
        losses are within `bnbench.verification.tolerance.tolerances`; ``neither``.
    alike : bool
        Whether the run was done on this kind of processor, with these versions, threads, device
        and code: then bitwise is promised, and ``tolerance`` breaks the promise.
    steps : int
        Training steps that were compared.
    differences : tuple of Unequal
        Between the run (first) and its repetition (second), where it is not bitwise the same.
    """

    promise: Literal["bitwise", "tolerance", "neither"]
    alike: bool
    steps: int
    differences: tuple[Unequal, ...]

    @property
    def kept(self) -> bool:
        """Whether what was promised holds."""
        return self.promise == "bitwise" or (self.promise == "tolerance" and not self.alike)


def rerun(run: Run, steps: int | None = None, data_dir: Path | None = None) -> Rerun:
    """Do a run again in a temporary folder, and compare the two.

    Parameters
    ----------
    run : Run
        Finished, or with as many steps as are asked for.
    steps : int, optional
        Do and compare the first so many training steps only; by default everything: all rows,
        the weights and the answers to the test file.
    data_dir : Path, optional
        By default the user's cache folder.
    """
    manifest, experiment = run.read_manifest(), run.read_experiment()
    logged = len(read_batches(run).of_training())
    if steps is None and not manifest.finished:
        raise BnbenchError(f"{run.path}: is {manifest.status}; compare its first steps by --steps")
    if steps is not None and steps > logged:
        raise BnbenchError(f"{run.batches}: holds {logged} steps; give --steps {logged} or fewer")
    with TemporaryDirectory() as folder:
        again = repeat(experiment, manifest.seed, Path(folder), steps, data_dir)
        return _judge(run, again, experiment, steps)


def repeat(
    experiment: Experiment,
    seed: int,
    folder: Path,
    steps: int | None = None,
    data_dir: Path | None = None,
) -> Run:
    """Run an experiment under `folder`, whole or until so many training steps are logged."""
    results = run_experiment(experiment, seed, folder, data_dir=data_dir)
    assert isinstance(results, Generator)
    with closing(results):
        for rows in results:
            if not isinstance(rows, BatchRows) or rows.split != "train":
                continue
            if steps is not None and rows.steps[-1] >= steps:
                break
    return run_directory(folder, experiment, seed)


def _judge(run: Run, again: Run, experiment: Experiment, steps: int | None) -> Rerun:
    first, second = (read_batches(each).of_training(steps) for each in (run, again))
    if steps is None:
        differences = [*differing_numbers(run, again), *_differing_tensors(run, again)]
    else:
        differences = list(first_difference(first, second))
    alike = _conditions(run) == _conditions(again)
    if not differences:
        return Rerun("bitwise", alike, len(first), ())
    facts = [fact for fact in differing_facts(run, again) if fact.what != "status"]
    close = within_tolerance(experiment, first.losses(), second.losses())
    promise: Literal["tolerance", "neither"] = "tolerance" if close else "neither"
    return Rerun(promise, alike, len(first), (*differences, *facts))


def _conditions(run: Run) -> tuple[object, ...]:
    """Name what decides the bits beside configuration, seed and data."""
    manifest = run.read_manifest()
    machine = manifest.machine
    where = machine.processor_kind, machine.device, machine.threads, machine.kernels
    return *where, manifest.versions, manifest.code


def _differing_tensors(run: Run, again: Run) -> list[Unequal]:
    """Compare weights and test predictions, where the run has them."""
    differences = []
    if run.predictions.exists() and run.predictions.read_bytes() != again.predictions.read_bytes():
        differences.append(Unequal(run.predictions.name, "its bytes", "other bytes"))
    if run.weights.exists():
        ours, theirs = load_weights(run), load_weights(again)
        differences += [
            Unequal(f"{run.weights.name}, {name}", "its numbers", "other numbers")
            for name in ours
            if name not in theirs or not torch.equal(ours[name], theirs[name])
        ]
    return differences
