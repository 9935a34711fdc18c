"""One experiment at one seed, from its config to its run directory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from bnbench.config import Experiment, configuration_hash, dump_experiment
from bnbench.data import Split, Splits, data_folder, load_splits
from bnbench.errors import BnbenchError
from bnbench.models import Network, resolve_model
from bnbench.runs import (
    BatchRows,
    EpochRow,
    EvaluationRow,
    Identity,
    Manifest,
    Run,
    RunLogs,
    is_finished,
    locked,
    now,
    processor,
    run_directory,
    source,
    versions,
    write_text,
    written_whole,
)
from bnbench.training.check import check_batches, check_experiment
from bnbench.training.checkpoint import (
    Checkpoint,
    TrainingState,
    load_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)
from bnbench.training.code import code_hashes
from bnbench.training.device import on_device, reproducible, resolve_device
from bnbench.training.evaluation import Evaluation, evaluate
from bnbench.training.initialization import initial_model
from bnbench.training.loop import DivergedError, train


def run_experiment(
    experiment: Experiment,
    seed: int,
    results: str | Path = "results",
    *,
    data_dir: str | Path | None = None,
    fresh: bool = False,
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
    device = resolve_device(experiment)
    channels = experiment.model.in_channels
    with reproducible(experiment.training.threads):
        splits = load_splits(
            experiment.data, data_folder(Path(data_dir) if data_dir else None), channels
        )
        check_batches(experiment, len(splits.train.labels))
        run = run_directory(Path(results), experiment, seed)
        with locked(run):
            code = code_hashes(experiment)
            wanted = Identity(experiment, seed, splits.dataset_hash, device.type, code)
            if not fresh and is_finished(run, wanted):
                return
            kept = None if fresh else _checkpoint(run, experiment, splits)
            manifest = _start(run, experiment, seed, splits, device, kept)
            model = initial_model(
                resolve_model(experiment), experiment.training.initialization, seed,
                splits.num_classes,
            ).to(device)  # fmt: skip
            yield from _recorded(run, manifest, model, on_device(splits, device), experiment, kept)


def _checkpoint(run: Run, experiment: Experiment, splits: Splits) -> Checkpoint | None:
    """Find where this very run was stopped; versions and data must be those of now."""
    if not run.manifest.exists():
        return None
    manifest = run.read_manifest()
    same = manifest.versions == versions() and manifest.dataset["sha256"] == splits.dataset_hash
    return load_checkpoint(run, configuration_hash(experiment)) if same else None


def _start(
    run: Run,
    experiment: Experiment,
    seed: int,
    splits: Splits,
    device: torch.device,
    kept: Checkpoint | None,
) -> Manifest:
    """Write the configuration and a manifest that says the run has begun, or goes on."""
    manifest = Manifest(
        experiment=experiment.experiment,
        seed=seed,
        status="running",
        configuration_hash=configuration_hash(experiment),
        dataset={
            "name": splits.dataset,
            "sha256": splits.dataset_hash,
            "train_examples": len(splits.train.labels),
            "validation_examples": len(splits.validation.labels),
            "test_examples": len(splits.test.labels) if splits.test else None,
            "validation_is_test_file": splits.validation_is_test,
        },
        versions=versions(),
        code=code_hashes(experiment),
        source=source(),
        machine={
            "system": sys.platform,
            "processor": processor(),
            "device": _device_name(device),
            "threads": experiment.training.threads,
        },
        started=now(),
        resumed_after_epochs=_stops(run, kept),
    )
    manifest.write(run.manifest)  # first: from here on the old files are no finished run's
    if kept is None:
        remove_checkpoints(run)
        for old in (run.batches, run.epochs, run.evaluations, run.weights, run.predictions):
            old.unlink(missing_ok=True)
    write_text(run.config, dump_experiment(experiment))
    return manifest


def _stops(run: Run, kept: Checkpoint | None) -> list[int]:
    """List the epochs after which the run was taken up again, this time included."""
    if kept is None:
        return []
    return [*run.read_manifest().resumed_after_epochs, kept.state.row.epoch]


def _recorded(
    run: Run,
    manifest: Manifest,
    model: Network,
    splits: Splits,
    experiment: Experiment,
    kept: Checkpoint | None,
) -> Iterator[BatchRows | EpochRow | EvaluationRow]:
    """Train, log what is measured, and leave a manifest that says how it ended."""
    start, sizes = (kept.state, kept.sizes) if kept else (None, None)
    last = start.row if start else None
    evaluations = run.evaluations if experiment.training.evaluate_every else None
    try:
        with RunLogs(run.batches, run.epochs, evaluations, sizes) as logs:
            for result in train(model, splits, experiment.training, manifest.seed, start):
                if isinstance(result, TrainingState):
                    checkpoint = Checkpoint(result, logs.sizes)
                    save_checkpoint(run, checkpoint, manifest.configuration_hash)
                    continue
                logs.write(result)
                last = result if isinstance(result, EpochRow) else last
                yield result
        final = _final(last) | _test(run, model, splits, experiment)
        _save_weights(run, model)
    except DivergedError as error:
        _end(run, manifest, status="diverged", error=str(error), final=_final(last))
        remove_checkpoints(run)
    except (KeyboardInterrupt, GeneratorExit):
        _end(run, manifest, status="interrupted", final=_final(last))
        raise
    except BaseException as error:
        _end(run, manifest, status="failed", final=_final(last), error=repr(error))
        raise
    else:
        _end(run, manifest, status="complete", final=final)
        remove_checkpoints(run)


def _save_weights(run: Run, model: nn.Module) -> None:
    """Write parameters and buffers; each copied, since parameters are views of one vector."""
    tensors = {name: value.cpu().clone() for name, value in model.state_dict().items()}
    # Given a path, torch.save writes its name into the file: equal weights would be unequal bytes.
    with written_whole(run.weights) as beside, beside.open("wb") as file:
        torch.save(tensors, file)


def _final(last: EpochRow | None) -> dict[str, Any]:
    if last is None:
        return {"epochs": 0}
    return {
        "epochs": last.epoch,
        "train_accuracy": last.train_accuracy,
        "validation_accuracy": last.validation_accuracy,
        "validation_loss": last.validation_loss,
    }


def _test(run: Run, model: Network, splits: Splits, experiment: Experiment) -> dict[str, float]:
    """Score the test file once, after everything else; its answers are kept image by image."""
    test = splits.test or splits.validation
    result = evaluate(model, test, softmax_before_loss=experiment.training.softmax_before_loss)
    _save_predictions(run, test, result)
    if splits.test is None:
        return {}  # it has served as validation: the epochs' log has its score
    return {"test_accuracy": result.accuracy, "test_loss": result.loss}


def _save_predictions(run: Run, test: Split, result: Evaluation) -> None:
    """Write labels and predicted classes, uint8 (2, N), so that no analysis needs the data set."""
    labels = test.labels.cpu().numpy().astype(np.uint8)
    with written_whole(run.predictions) as beside:
        np.save(beside, np.stack([labels, result.predictions]), allow_pickle=False)


def _end(run: Run, manifest: Manifest, **changes: Any) -> None:
    replace(manifest, ended=now(), peak_memory_mib=peak_memory_mib(), **changes).write(run.manifest)


def peak_memory_mib() -> float | None:
    """Largest resident memory of this process so far, MiB; ``None`` where it is not told."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def load_weights(run: Run) -> dict[str, torch.Tensor]:
    """Read a run's weights; tensors and nothing else, so that no file can run code.

    Raises
    ------
    BnbenchError
        If the file is missing or is no such file.
    """
    try:
        weights: dict[str, torch.Tensor] = torch.load(
            run.weights, map_location="cpu", weights_only=True
        )
    except FileNotFoundError:
        raise BnbenchError(f"{run.weights}: is missing; was the run completed?") from None
    except Exception as error:  # noqa: BLE001 - torch.load raises what it likes on a bad file
        raise BnbenchError(f"{run.weights}: are no weights of bnbench ({error})") from None
    return weights
