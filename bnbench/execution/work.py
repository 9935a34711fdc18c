"""What a worker process does: one run, told as events."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from pathlib import Path
from statistics import fmean

from bnbench.errors import BnbenchError
from bnbench.execution.memory import keep_freed_memory
from bnbench.execution.tasks import Ended, Event, Progress, Started, Task


def work(task: Task, slot: int, shared: Path | None = None) -> Generator[Event]:
    """Do one run in this process, and tell what happens; see `run_experiment` on `shared`.

    Yields
    ------
    Started, Progress or Ended
        Whatever the run raises becomes its `Ended`; only an interruption goes through.
    """
    keep_freed_memory()
    yield Started(task, slot)
    try:
        yield from _progress(task, slot, shared)
    except BnbenchError as error:
        yield Ended(task, slot, "refused", str(error))
    except Exception:  # noqa: BLE001 - reported to the user by the parent, with its traceback
        yield Ended(task, slot, "failed", traceback.format_exc())


def _progress(task: Task, slot: int, shared: Path | None) -> Iterator[Progress | Ended]:
    from bnbench.runs import BatchRows, EpochRow
    from bnbench.runs.failure import has_failed
    from bnbench.training import run_experiment

    batches, loss, accuracy = 0, float("nan"), float("nan")
    for result in run_experiment(
        task.experiment, task.seed, task.results,
        data_dir=task.data_dir, fresh=task.fresh, shared=shared, registered=dict(task.registered),
    ):  # fmt: skip
        if isinstance(result, EpochRow):
            yield Progress(
                task, slot, result.epoch, batches, result.train_loss, accuracy,
                result.validation_accuracy,
            )  # fmt: skip
            batches = 0
        elif isinstance(result, BatchRows) and result.split == "train":
            batches += len(result.steps)
            loss = float(result.losses.mean())
            accuracy = float(result.correct.sum() / result.examples.sum())
            yield Progress(task, slot, result.epoch, batches, loss, accuracy)
    manifests = [run.read_manifest() for run in task.runs]
    incomplete = (manifest for manifest in manifests if manifest.status != "complete")
    worst = next(incomplete, manifests[0])
    last = [manifest.final.validation_accuracy for manifest in manifests]
    known = [accuracy for accuracy in last if accuracy is not None]
    failed = sum(manifest.status == "complete" and has_failed(manifest) for manifest in manifests)
    yield Ended(
        task, slot, worst.status, worst.error or "", fmean(known) if known == last else None, failed
    )
