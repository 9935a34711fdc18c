"""One experiment at one seed: everything that decides its numbers, in the order in which it does.

What is left of it in files is the business of `bnbench.training.recording`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import torch

from bnbench.config import Experiment, is_open_ended
from bnbench.data import Splits, data_folder, load_splits, shared_splits
from bnbench.models import Network
from bnbench.models.input_size import fitted_data
from bnbench.probes import probes_of
from bnbench.runs import (
    BatchRows,
    EpochRow,
    EvaluationRow,
    Identity,
    Run,
    is_finished,
    locked,
    run_directory,
)
from bnbench.training.batches import batches_in_epoch
from bnbench.training.check import check_batches, check_experiment
from bnbench.training.checkpoint import Checkpoint, TrainingState, remove_checkpoints
from bnbench.training.code import equal_code
from bnbench.training.device import on_device, reproducible, resolve_device
from bnbench.training.kernels import resolve_kernels, threads_of
from bnbench.training.looking import Looks
from bnbench.training.recording import Recordings, kept_together
from bnbench.training.soundness import untrained
from bnbench.training.stack import build_learner, train_seeds


def run_experiment(
    experiment: Experiment,
    seed: int,
    results: str | Path = "results",
    *,
    data_dir: str | Path | None = None,
    fresh: bool = False,
    shared: Path | None = None,
    registered: Mapping[str, str] | None = None,
) -> Iterator[BatchRows | EpochRow | EvaluationRow]:
    """Run an experiment at one seed, write its directory, and yield what it measures.

    Parameters
    ----------
    experiment : Experiment
        As `bnbench.config.load_experiment` returns it.
    seed : int
        Of the initial weights and of the batch order. With ``training.stack`` the other seeds of
        its stack are run, and written, too.
    results : str or Path, default "results"
        The run goes to ``<results>/<experiment>/seed-<seed>``.
    data_dir : str or Path, optional
        Where the data set is, or goes; by default the user's cache folder.
    fresh : bool, default False
        Run from the start even where this run, or another one, has finished or been stopped.
    shared : Path, optional
        A folder through which runs in other processes share their data; see
        `bnbench.data.shared_splits`.
    registered : mapping of str to str, optional
        For the manifest: study -> hash of its questions; see `bnbench.findings.registration`.

    Yields
    ------
    BatchRows, EvaluationRow or EpochRow
        See `bnbench.training.loop.train`; nothing if the run had finished before, and only what
        was left to do if it had been stopped.
    """
    seeds = experiment.training.seeds_with(seed)
    rows = run_seeds(
        experiment, seeds, results,
        data_dir=data_dir, fresh=fresh, shared=shared, registered=registered,
    )  # fmt: skip
    with closing(rows):
        yield from (row for of_seed, row in rows if of_seed == seed)


def run_seeds(
    experiment: Experiment,
    seeds: Sequence[int],
    results: str | Path = "results",
    *,
    data_dir: str | Path | None = None,
    fresh: bool = False,
    shared: Path | None = None,
    registered: Mapping[str, str] | None = None,
) -> Generator[tuple[int, BatchRows | EpochRow | EvaluationRow]]:
    """Run an experiment at one seed, or at those of a stack as one network.

    Parameters
    ----------
    seeds : sequence of int
        As `bnbench.config.TrainingSettings.seeds_with` lists them.
    results, data_dir, fresh, shared, registered
        See `run_experiment`.

    Yields
    ------
    tuple of int and BatchRows, EvaluationRow or EpochRow
        A seed, and what it measures.
    """
    check_experiment(experiment)
    device, settings = resolve_device(experiment), experiment.training
    rule = settings.early_stopping
    with reproducible(settings.threads), ExitStack() as held:
        splits = _splits(experiment, data_dir, shared)
        wanted = _wanted(experiment, seeds, Path(results), splits, device.type)
        for run in wanted:
            held.enter_context(locked(run))
        left = {
            run: identity
            for run, identity in wanted.items()
            if fresh or not is_finished(run, identity)
        }
        for run in wanted.keys() - left.keys():
            remove_checkpoints(run, int(is_open_ended(experiment)))  # killed in its last instant
        if not left:
            return
        kept = {} if fresh else kept_together(left, splits)
        learner = build_learner(experiment, seeds, on_device(splits, device))
        held.enter_context(threads_of(learner.kernels, settings.threads))
        looks = Looks(
            probes_of(experiment),
            learner,
            _twin(experiment, splits, device) if experiment.probes else None,
            settings.epochs * batches_in_epoch(len(splits.train.labels), settings),
            next((checkpoint.state.looks for checkpoint in kept.values()), None),
        )
        learner.periods += looks.periods
        records = Recordings(held, left, splits, kept, looks, registered or {})
        splits = on_device(splits, device)
        runs = list(wanted)
        passengers = [member for member, run in enumerate(runs) if run not in left]
        states = [_state(run, kept) for run in runs] if kept else None
        run_at = dict(zip(seeds, runs, strict=True))
        for seed, result in looks.along(train_seeds(learner, splits, seeds, states, passengers)):
            records.keep(run_at[seed], result)
            if isinstance(result, EpochRow) and records.would_stop(run_at[seed], rule):
                records.stop(run_at[seed], learner.evaluate(splits.test or splits.validation)[0])
            if isinstance(result, BatchRows | EpochRow | EvaluationRow):
                yield seed, result
        if records.going_on():  # the test file is scored once, after everything else
            scored = learner.evaluate(splits.test or splits.validation)
        for run in records.going_on():
            member = runs.index(run)
            records.finish(run, learner.weights(member), scored[member])


def _twin(experiment: Experiment, splits: Splits, device: torch.device) -> Network:
    """Build what the probes look at; the random stream is left alone."""
    return untrained(experiment, splits.num_classes).to(device)


def _splits(experiment: Experiment, data_dir: str | Path | None, shared: Path | None) -> Splits:
    folder = data_folder(Path(data_dir) if data_dir else None)
    data = fitted_data(experiment), folder, experiment.model.in_channels
    splits = shared_splits(*data, shared) if shared else load_splits(*data)
    check_batches(experiment, len(splits.train.labels))
    return splits


def _wanted(
    experiment: Experiment, seeds: Sequence[int], results: Path, splits: Splits, device: str
) -> dict[Run, Identity]:
    """Say of each seed's run where it goes, and what it is."""
    kernels = resolve_kernels(experiment, device)
    code = equal_code(experiment, kernels)
    return {
        run_directory(results, experiment, seed): Identity(
            experiment, seed, splits.dataset_hash, device, code, kernels
        )
        for seed in seeds
    }


def _state(run: Run, kept: Mapping[Run, Checkpoint]) -> TrainingState:
    """Say where a run goes on from; for one that has finished, any state does."""
    return kept.get(run, next(iter(kept.values()))).state
