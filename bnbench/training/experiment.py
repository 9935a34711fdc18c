"""One experiment at one seed: everything that decides its numbers, in the order in which it does.

What is left of it in files is the business of `bnbench.training.recording`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bnbench.config import Experiment
from bnbench.data import data_folder, load_splits, shared_splits
from bnbench.models import resolve_model
from bnbench.runs import (
    BatchRows,
    EpochRow,
    EvaluationRow,
    Identity,
    is_finished,
    locked,
    run_directory,
)
from bnbench.training.check import check_batches, check_experiment
from bnbench.training.checkpoint import TrainingState, remove_checkpoints
from bnbench.training.code import equal_code
from bnbench.training.device import on_device, reproducible, resolve_device
from bnbench.training.evaluation import evaluate
from bnbench.training.initialization import initial_model
from bnbench.training.loop import train
from bnbench.training.recording import recorded


def run_experiment(
    experiment: Experiment,
    seed: int,
    results: str | Path = "results",
    *,
    data_dir: str | Path | None = None,
    fresh: bool = False,
    shared: Path | None = None,
) -> Iterator[BatchRows | EpochRow | EvaluationRow]:
    """Run an experiment at one seed, write its directory, and yield what it measures.

    Parameters
    ----------
    experiment : Experiment
        As `bnbench.config.load_experiment` returns it.
    seed : int
        Of the initial weights and of the batch order.
    results : str or Path, default "results"
        The run goes to ``<results>/<experiment>/seed-<seed>``.
    data_dir : str or Path, optional
        Where the data set is, or goes; by default the user's cache folder.
    fresh : bool, default False
        Run from the start even where this run, or another one, has finished or been stopped.
    shared : Path, optional
        A folder through which runs in other processes share their data; see
        `bnbench.data.shared_splits`.

    Yields
    ------
    BatchRows, EvaluationRow or EpochRow
        See `bnbench.training.loop.train`; nothing if the run had finished before, and only what
        was left to do if it had been stopped.

    Raises
    ------
    BnbenchError
        If the experiment cannot be run as configured, or its folder holds another one.
    """
    check_experiment(experiment)
    device, settings = resolve_device(experiment), experiment.training
    folder = data_folder(Path(data_dir) if data_dir else None)
    with reproducible(settings.threads):
        data = experiment.data, folder, experiment.model.in_channels
        splits = shared_splits(*data, shared) if shared else load_splits(*data)
        check_batches(experiment, len(splits.train.labels))
        code = equal_code(experiment)
        wanted = Identity(experiment, seed, splits.dataset_hash, device.type, code)
        run = run_directory(Path(results), experiment, seed)
        with locked(run):
            if not fresh and is_finished(run, wanted):
                remove_checkpoints(run)  # it was killed in its last instant
                return
            with recorded(run, wanted, splits, fresh) as record:
                model = initial_model(
                    resolve_model(experiment), settings.initialization, seed, splits.num_classes
                ).to(device)
                splits = on_device(splits, device)
                for result in train(model, splits, settings, seed, record.resumed):
                    record.keep(result)
                    if not isinstance(result, TrainingState):
                        yield result
                # The test file is scored once, after everything else.
                test = splits.test or splits.validation
                scored = evaluate(model, test, softmax_before_loss=settings.softmax_before_loss)
                record.finish(model, splits, scored)
