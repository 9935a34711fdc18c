"""How long `plan`, `compare` and `report` take over 200 finished runs, on one core.

``make bench`` prints the table. The runs are made up (no training): their files are as large as
those of ten epochs of MNIST, and pass every check. The limits are those of the project.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks.table import machine, publish, table_file
from bnbench.config import TrainingSettings, configuration_hash, dump_experiment, load_study
from bnbench.data import data_folder, load_splits
from bnbench.execution.plan import PlannedRun, plan_runs
from bnbench.runs import (
    BatchRows,
    Dataset,
    EpochRow,
    EvaluationRow,
    Machine,
    Manifest,
    RunLogs,
    file_hashes,
    now,
    versions,
    write_text,
)
from bnbench.runs.manifest import Final
from bnbench.training.code import code_hashes

ROOT = Path(__file__).parents[1]
HEADLINE = "configs/studies/headline.yaml"
CORRECTED = ("lenet5", "lenet5_batchnorm")
ROUNDS = 3
WEIGHTS = 61_750  # of LeNet-5, float32


def make_runs(results: Path, experiments: Sequence[str] | None, seeds: int) -> None:
    """Make up finished runs of the headline study, or of some of its experiments."""
    study = load_study(ROOT / HEADLINE, seeds=seeds)
    chosen = [
        one for one in study.experiments if experiments is None or one.experiment in experiments
    ]
    hashes = {}
    for one in plan_runs(chosen, study.seeds, results).planned:
        name = one.task.experiment.experiment
        if name not in hashes:
            hashes[name] = load_splits(one.task.experiment.data, data_folder(None)).dataset_hash
        _make_run(one, hashes[name])


def _make_run(planned: PlannedRun, dataset_hash: str) -> None:
    task, run = planned.task, planned.run
    experiment, published = task.experiment, task.experiment.data.split == "published"
    rng = np.random.default_rng([task.seed, len(experiment.experiment)])
    validation, epochs = 10_000 if published else 5_000, experiment.training.epochs
    write_text(run.config, dump_experiment(experiment))
    within = run.evaluations if experiment.training.evaluate_every else None
    with RunLogs(run.batches, run.epochs, within) as logs:
        for epoch in range(1, epochs + 1):
            last = _write_epoch(
                logs, rng, epoch, task.train_examples, validation, experiment.training
            )
    labels = np.resize(np.arange(10, dtype=np.uint8), 10_000)
    # As of real networks: few images are ever taken for another digit.
    right = (np.arange(10_000) < 9_400) | (rng.random(10_000) < 0.75)
    if published:  # the file's answers and the epoch's accuracy are of the same images
        right = np.arange(10_000) < round(last.validation_accuracy * 10_000)
    answers = np.where(right, labels, (labels + 1) % 10).astype(np.uint8)
    np.save(run.predictions, np.stack([labels, answers]))
    run.weights.write_bytes(rng.bytes(4 * WEIGHTS))
    final = {
        "epochs": epochs,
        "train_accuracy": last.train_accuracy,
        "validation_accuracy": last.validation_accuracy,
        "validation_loss": last.validation_loss,
    }
    if not published:
        final |= {"test_accuracy": float(right.mean()), "test_loss": 0.05}
    Manifest(
        experiment=experiment.experiment, seed=task.seed, status="complete",
        configuration_hash=configuration_hash(experiment),
        dataset=Dataset(
            name="mnist", sha256=dataset_hash, train_examples=task.train_examples,
            validation_examples=validation, test_examples=None if published else 10_000,
            validation_is_test_file=published,
        ),
        versions=versions(), source={}, machine=Machine(processor="none", device="cpu", threads=1),
        code=code_hashes(experiment), started=now(), ended=now(),
        final=Final.model_validate(final), files=file_hashes(run),
    ).write(run.manifest)  # fmt: skip


def _write_epoch(
    logs: RunLogs, rng: np.random.Generator, epoch: int, examples: int, validation: int,
    training: TrainingSettings,
) -> EpochRow:  # fmt: skip
    """Write one epoch whose rows agree with each other."""
    sizes, held_out = _sizes(examples), _sizes(validation)
    first, level = (epoch - 1) * len(sizes), 1 - 0.05 * rng.uniform(0.8, 1.2) / epoch
    every, plain = training.evaluate_every, training.epoch_loss == "mean_of_batches"
    trained = _rows("train", epoch, first + 1 + np.arange(len(sizes)), sizes, level, rng)
    logs.write(trained)
    for step in range(1, len(sizes)):
        if every and (first + step) % every == 0:
            accuracy = round(level * validation) / validation
            logs.write(EvaluationRow(epoch, first + step, 0.1, accuracy, step * 4e-3))
    measured = _rows(
        "validation", epoch, np.full(len(held_out), first + len(sizes)), held_out, level, rng
    )
    logs.write(measured)
    row = EpochRow(
        epoch=epoch,
        train_loss=_mean(trained, plain),
        train_accuracy=round(level * examples) / examples,
        validation_loss=_mean(measured, plain),
        validation_accuracy=int(measured.correct.sum()) / validation,
        learning_rate=1e-3,
        train_seconds=4.0,
        evaluation_seconds=1.0,
        train_loss_after_epoch=0.05,
        training_mode=True,
    )
    logs.write(row)
    return row


def _mean(rows: BatchRows, plain: bool) -> float:
    weights = None if plain else rows.examples
    return float(np.average(rows.losses.astype(float), weights=weights))


def _sizes(examples: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.diff(np.arange(0, examples + 64, 64).clip(max=examples))


def _rows(
    split: str, epoch: int, steps: np.ndarray[tuple[int], np.dtype[np.int64]],
    sizes: np.ndarray[tuple[int], np.dtype[np.int64]], level: float, rng: np.random.Generator,
) -> BatchRows:  # fmt: skip
    losses = rng.exponential(1 - level, len(sizes)).astype(np.float32)
    return BatchRows(split, epoch, steps, sizes, losses, rng.binomial(sizes, level))


def seconds(*arguments: str) -> float:
    """Median of some runs of a command on one core."""
    command = ["taskset", "-c", "0", sys.executable, "-m", "bnbench", *arguments]
    measured = []
    for _ in range(ROUNDS):
        started = perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        measured.append(perf_counter() - started)
    return median(measured)


def main() -> None:
    """Make up the runs, time the three commands, print and write the table."""
    with TemporaryDirectory() as folder:
        many, two = Path(folder, "headline"), Path(folder, "two")
        make_runs(many, None, 40)
        make_runs(two, CORRECTED, 100)
        study = (HEADLINE, "--seeds", "40", "--results", str(many))
        page, figures = str(Path(folder, "report.html")), str(Path(folder, "figures"))
        comparison = (*CORRECTED, "--results", str(two), "--out", figures)
        rows = [
            ("bnbench plan", f"{seconds('plan', *study):.1f}", "2"),
            ("bnbench compare", f"{seconds('compare', *comparison):.1f}", "10"),
            ("bnbench report", f"{seconds('report', *study, '--out', page):.1f}", "10"),
        ]
    context = f"{ROUNDS} rounds on one core of {len(os.sched_getaffinity(0))}; {machine()}."
    header = ("200 finished runs of 10 epochs", "s (median)", "at most")
    publish(header, rows, context, table_file())


if __name__ == "__main__":
    main()
