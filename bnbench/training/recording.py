"""What a run leaves in its directory, however it ends; nothing here decides a number."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EACCES, EDQUOT, EFBIG, EIO, ENOENT, ENOSPC, EROFS
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bnbench.config import (
    EarlyStoppingSettings,
    configuration_hash,
    dump_experiment,
    hash_of_states,
    is_open_ended,
)
from bnbench.data import Split, Splits
from bnbench.errors import BnbenchError
from bnbench.runs import (
    Dataset,
    EpochRow,
    Identity,
    Machine,
    Manifest,
    Run,
    RunLogs,
    file_hashes,
    now,
    processor,
    processor_kind,
    read_epochs,
    source,
    stopping_epoch,
    versions,
    write_text,
    written_whole,
)
from bnbench.runs.losses import write_losses
from bnbench.runs.manifest import Final
from bnbench.runs.schedule import schedule
from bnbench.training.batches import batch_order
from bnbench.training.checkpoint import (
    Checkpoint,
    TrainingState,
    load_checkpoint,
    owner_of,
    remove_checkpoints,
    save_checkpoint,
    set_aside,
)
from bnbench.training.evaluation import Evaluation
from bnbench.training.looking import Looks
from bnbench.training.progress import Divergence, Result
from bnbench.training.soundness import flaw, pattern
from bnbench.training.weights import save_weights

_LOG = logging.getLogger(__name__)

NOT_WRITABLE = (ENOSPC, EDQUOT, EFBIG, EROFS, EACCES, EIO, ENOENT)
"""Errors of a file system that its owner can put right; any other one would be ours."""


@dataclass
class _Recording:
    """A run's directory while the run is done.

    Attributes
    ----------
    owner : str
        Of the checkpoints; see `bnbench.training.checkpoint.owner_of`.
    looks : Looks
        What the probes have seen, of the run alone.
    manifest : Manifest
        As it stands in the directory while the run goes on.
    final : dict
        Measures after the last whole epoch, for the manifest; they change as the run goes on.
    divergence : str or None
        Why the run has ended before its last epoch.
    """

    run: Run
    owner: str
    logs: RunLogs
    looks: Looks
    manifest: Manifest
    final: dict[str, Any]
    divergence: str | None = None

    def keep(self, result: Result) -> None:
        """Log what was measured, or write a checkpoint of a state."""
        with _writable(self.run):
            if isinstance(result, TrainingState):
                _refuse_absence(self.run)
                checkpoint = Checkpoint(result, self.logs.sizes, self.logs.hashes)
                save_checkpoint(self.run, checkpoint, self.owner)
            elif isinstance(result, Divergence):
                self.divergence = result.message
                self._save_looks()
            else:
                self.logs.write(result)
        if isinstance(result, EpochRow):
            self.final.update(_measures(result))

    def would_stop(self, rule: EarlyStoppingSettings) -> bool:
        """Tell whether early stopping would have ended the run after this very epoch."""
        watched = read_epochs(self.run)[rule.watch]
        return stopping_epoch(watched, rule) == len(watched)

    def stop(self, splits: Splits, scored: Evaluation) -> None:
        """Keep what early stopping would have given, also for when the run is killed."""
        self.final["early_stopping"] = {"epoch": self.final["epochs"], **_of_test(splits, scored)}
        with _writable(self.run):
            self.manifest = self.manifest.changed(
                final={"early_stopping": self.final["early_stopping"]}
            )
            self.manifest.write(self.run.manifest)

    def finish(self, weights: Mapping[str, Tensor], splits: Splits, scored: Evaluation) -> None:
        """Keep the weights, and the answers to the test file image by image."""
        self.final.update(_of_test(splits, scored))
        with _writable(self.run):
            _save_predictions(self.run, splits.test or splits.validation, scored)
            save_weights(self.run, weights)
            self._save_looks()

    def _save_looks(self) -> None:
        for kind, arrays in self.looks.arrays().items():
            with written_whole(self.run.probe(kind)) as beside:
                np.savez_compressed(beside, allow_pickle=False, **arrays)
        if self.looks.seconds:
            self.final["probe_seconds"] = dict(self.looks.seconds)


class Recordings:
    """The directories of runs while they are trained together.

    Parameters
    ----------
    held : ExitStack
        However it is left, all of them get a manifest that says how they ended.
    wanted : mapping of Run to Identity
        The runs, locked by the caller.
    kept : mapping of Run to Checkpoint
        What each goes on from, of `kept_together`; empty: they start over, whatever is there.
    looks : Looks
        Of the only run, where it has probes.
    registered : mapping of str to str
        For the manifests; see `bnbench.runs.Manifest`.
    """

    def __init__(
        self,
        held: ExitStack,
        wanted: Mapping[Run, Identity],
        splits: Splits,
        kept: Mapping[Run, Checkpoint],
        looks: Looks,
        registered: Mapping[str, str],
    ) -> None:
        self._splits = splits
        self._ends = {run: held.enter_context(ExitStack()) for run in wanted}
        self._going_on = {
            run: self._ends[run].enter_context(
                _recorded(run, identity, splits, kept.get(run), looks, registered)
            )
            for run, identity in wanted.items()
        }

    def keep(self, run: Run, result: Result) -> None:
        """Log what was measured, write a checkpoint of a state, or end a run that diverged."""
        self._going_on[run].keep(result)
        if isinstance(result, Divergence):
            del self._going_on[run]
            self._ends[run].close()

    def going_on(self) -> list[Run]:
        """List the runs that have not diverged."""
        return list(self._going_on)

    def would_stop(self, run: Run, rule: EarlyStoppingSettings | None) -> bool:
        """Tell whether early stopping would have ended a run after this very epoch."""
        return rule is not None and self._going_on[run].would_stop(rule)

    def stop(self, run: Run, scored: Evaluation) -> None:
        """Keep what early stopping would have given."""
        self._going_on[run].stop(self._splits, scored)

    def finish(self, run: Run, weights: Mapping[str, Tensor], scored: Evaluation) -> None:
        """Keep the weights, and the answers to the test file image by image."""
        self._going_on[run].finish(weights, self._splits, scored)


@contextmanager
def _writable(run: Run) -> Iterator[None]:
    """Turn what the file system says, of a full disk above all, into one line."""
    try:
        yield
    except OSError as error:
        if error.errno not in NOT_WRITABLE:
            raise
        raise BnbenchError(
            f"{run.path}: cannot be written ({error.strerror}); once it can, the same command goes"
            " on where the run was"
        ) from None


@contextmanager
def _recorded(
    run: Run,
    wanted: Identity,
    splits: Splits,
    kept: Checkpoint | None,
    looks: Looks,
    registered: Mapping[str, str],
) -> Iterator[_Recording]:
    """Begin a run's directory, or go on with it, and leave a manifest that says how it ended."""
    with _writable(run):
        manifest = _start(run, wanted, splits, kept, registered)
        stopped = manifest.final.model_dump(exclude_unset=True)
        final = _measures(kept.state.row if kept else None) | stopped
        try:
            with _logs(run, wanted, kept) as logs:
                record = _Recording(run, _owner(wanted), logs, looks, manifest, final)
                yield record
        except (KeyboardInterrupt, GeneratorExit):
            _end(run, manifest, status="interrupted", final=final)
            raise
        except BaseException as error:
            _end(run, manifest, status="failed", final=final, error=repr(error))
            raise
        write_losses(run, schedule(wanted.experiment, manifest.dataset))
        status = "diverged" if record.divergence else "complete"
        _end(run, manifest, status=status, final=final, error=record.divergence)
        goes_further = status == "complete" and is_open_ended(wanted.experiment)
        remove_checkpoints(run, but=int(goes_further))


def _owner(wanted: Identity) -> str:
    return owner_of(hash_of_states(wanted.experiment), wanted.seed, wanted.dataset_hash, versions())


def kept_together(wanted: Mapping[Run, Identity], splits: Splits) -> dict[Run, Checkpoint]:
    """Find where runs were stopped: one, or those of a stack, which go on from one step.

    Parameters
    ----------
    wanted : mapping of Run to Identity
        The runs, locked by the caller.

    Returns
    -------
    dict of Run to Checkpoint
        All after the same step; empty: there is no such step, and they start over.
    """
    step: int | None = None
    while True:
        found = {run: _kept(run, identity, splits, step) for run, identity in wanted.items()}
        kept = {run: checkpoint for run, checkpoint in found.items() if checkpoint is not None}
        if len(kept) < len(wanted):
            return {}
        steps = {checkpoint.state.step for checkpoint in kept.values()}
        if len(steps) == 1:
            return kept
        step = min(steps)


def _kept(run: Run, wanted: Identity, splits: Splits, at_most: int | None) -> Checkpoint | None:
    """Find where a run was stopped, and tell of checkpoints that cannot be used.

    Unless someone listens, logging writes to standard error.
    """
    if not run.manifest.exists() or not run.checkpoints():
        return None
    experiment = wanted.experiment
    batches = batch_order(len(splits.train.labels), experiment.training, torch.Generator())
    sound = pattern(experiment, splits.num_classes, len(batches), wanted.device)
    refused: dict[Path, str] = {}
    kept = load_checkpoint(
        run, _owner(wanted), partial(flaw, wanted=sound), refused.__setitem__, at_most
    )
    for path, why in refused.items():
        _LOG.warning("bnbench: %s: %s; set aside as %s", path, why, set_aside(path).name)
    if refused:
        goes_on = f"goes on after step {kept.state.step:,}" if kept else "starts over"
        _LOG.warning("bnbench: %s: %s", run.path, goes_on)
    if kept is None and run.read_manifest().finished:
        raise BnbenchError(
            f"{run.path}: is finished, and its state cannot be gone on with; give another --results"
            " folder, or --fresh to replace it"
        )
    return kept


def _start(
    run: Run,
    wanted: Identity,
    splits: Splits,
    kept: Checkpoint | None,
    registered: Mapping[str, str],
) -> Manifest:
    """Write the configuration and a manifest that says the run has begun, or goes on."""
    experiment = wanted.experiment
    manifest = Manifest(
        experiment=experiment.experiment,
        seed=wanted.seed,
        status="running",
        configuration_hash=configuration_hash(experiment),
        dataset=Dataset(
            name=splits.dataset,
            sha256=splits.dataset_hash,
            train_examples=len(splits.train.labels),
            validation_examples=len(splits.validation.labels),
            test_examples=len(splits.test.labels) if splits.test else None,
            validation_is_test_file=splits.validation_is_test,
            classes=splits.num_classes,
            commonest_class=_commonest(splits.validation, splits.test),
            commonest_test_class=_commonest(splits.test) if splits.test else None,
        ),
        versions=versions(),
        code={module: hashes[0] for module, hashes in wanted.code.items()},
        source=source(),
        machine=Machine.model_validate(
            {
                "system": sys.platform,
                "processor": processor(),
                "processor_kind": processor_kind(),
                "device": _device_name(wanted.device),
                "threads": experiment.training.threads,
                "kernels": wanted.kernels,
            }
            | _stacked_with(wanted)
        ),
        started=now(),
        resumed_after_epochs=_stops(run, kept),
        final=_stopped_before(run, kept),
        registered=dict(registered),
    )
    manifest.write(run.manifest)  # first: from here on the old files are no finished run's
    if kept is None:
        logs = (run.batches, run.epochs, run.evaluations)
        for old in (*run.checkpoints(), *logs, *run.probes()):
            old.unlink(missing_ok=True)
    for end in (run.losses, run.weights, run.predictions):  # of the shorter run that goes on
        end.unlink(missing_ok=True)
    write_text(run.config, dump_experiment(experiment))
    return manifest


def _commonest(*splits: Split | None) -> float:
    """The largest share of one class in a split: what naming it always would score there."""
    looked_at = [split.labels for split in splits if split]
    return max(int(labels.bincount().max()) / len(labels) for labels in looked_at)


def _stacked_with(wanted: Identity) -> dict[str, list[int]]:
    """Name the seeds of the network that a stacked run is a part of."""
    training = wanted.experiment.training
    return {"stack": list(training.seeds_with(wanted.seed))} if training.stack else {}


def _stops(run: Run, kept: Checkpoint | None) -> list[int]:
    """List the epochs after which the run was taken up again, this time included."""
    if kept is None:
        return []
    return [*run.read_manifest().resumed_after_epochs, kept.state.epochs]


def _stopped_before(run: Run, kept: Checkpoint | None) -> Final:
    """Look up what early stopping would have given, if that was before the state to go on from."""
    stop = run.read_manifest().final.early_stopping if kept else None
    return (
        Final(early_stopping=stop) if kept and stop and stop.epoch <= kept.state.epochs else Final()
    )


def _logs(run: Run, wanted: Identity, kept: Checkpoint | None) -> RunLogs:
    evaluations = run.evaluations if wanted.experiment.training.evaluate_every else None
    return RunLogs(run.batches, run.epochs, evaluations, kept.sizes if kept else None)


def _measures(last: EpochRow | None) -> dict[str, Any]:
    if last is None:
        return {"epochs": 0}
    return {
        "epochs": last.epoch,
        "train_accuracy": last.train_accuracy,
        "validation_accuracy": last.validation_accuracy,
        "validation_loss": last.validation_loss,
    }


def _of_test(splits: Splits, scored: Evaluation) -> dict[str, float]:
    """Name the test split's measures; where it serves as validation, the epochs' log has them."""
    if splits.test is None:
        return {}
    finite = {"test_loss": scored.loss} if isfinite(scored.loss) else {}
    return {"test_accuracy": scored.accuracy, **finite}


def _save_predictions(run: Run, test: Split, scored: Evaluation) -> None:
    """Write labels and predicted classes, uint8 (2, N), so that no analysis needs the data set."""
    labels = test.labels.cpu().numpy().astype(np.uint8)
    with written_whole(run.predictions) as beside:
        np.save(beside, np.stack([labels, scored.predictions]), allow_pickle=False)


def _refuse_absence(run: Run) -> None:
    """Refuse to make the folder anew: it was renamed, and what is in it can be gone on with."""
    if not run.manifest.exists():
        raise FileNotFoundError(ENOENT, "it has been moved or removed while the run went on")


def _end(run: Run, manifest: Manifest, **changes: Any) -> None:
    _refuse_absence(run)
    ended = manifest.changed(ended=now(), peak_memory_mib=_peak_memory_mib(), **changes)
    if ended.finished:
        ended = ended.changed(files=file_hashes(run))
    ended.write(run.manifest)


def _peak_memory_mib() -> float | None:
    """Largest resident memory of this process so far, MiB; ``None`` where it is not told."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _device_name(device: str) -> str:
    return f"cuda ({torch.cuda.get_device_name(device)})" if device == "cuda" else device
